"""One encoding per file, never garbled silently."""

from __future__ import annotations

import codecs

import pytest

from connectors.csv.encoding import Encoding, Witness, decide
from hub.core.errors import StopRun

PLAIN = "id,name\n" + "".join(f"{n},Ann\n" for n in range(60))
ACCENTS = "id,name\n1,Zoë Müller\n2,“Café” 5 €\n"


def decided(data: bytes, declared: str = "auto", block: int = 1 << 18) -> Encoding:
    witness = Witness()
    for start in range(0, len(data), block):
        witness.see(data[start : start + block])
    return decide(declared, witness.evidence(), data.splitlines(keepends=True), "f.csv")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(PLAIN.encode(), Encoding("utf-8"), id="ascii"),
        pytest.param(ACCENTS.encode(), Encoding("utf-8"), id="utf-8"),
        pytest.param(ACCENTS.encode("utf-8-sig"), Encoding("utf-8", 3), id="utf-8-mark"),
        pytest.param(
            codecs.BOM_UTF16_LE + ACCENTS.encode("utf-16-le"), Encoding("utf-16-le", 2), id="le"
        ),
        pytest.param(
            codecs.BOM_UTF16_BE + ACCENTS.encode("utf-16-be"), Encoding("utf-16-be", 2), id="be"
        ),
        pytest.param(ACCENTS.encode("utf-16-le"), Encoding("utf-16-le"), id="le-without-mark"),
        pytest.param(ACCENTS.encode("cp1252"), Encoding("cp1252"), id="windows-1252"),
        pytest.param(b"", Encoding("utf-8"), id="empty"),
    ],
)
def test_the_content_decides(data: bytes, expected: Encoding) -> None:
    """Marks, then UTF-8, then Windows-1252, on the whole file."""
    assert decided(data) == expected


def test_characters_across_blocks_are_whole() -> None:
    """A file is not refused because a block ends inside a character."""
    assert decided(ACCENTS.encode(), block=1) == Encoding("utf-8")


@pytest.mark.parametrize("bad", [b"\x81", b"\xff", b"\xc3\x28\x90"])
def test_a_few_broken_lines_do_not_make_another_encoding(bad: bytes) -> None:
    """A UTF-8 file stays one; its broken lines go to quarantine instead of becoming garbled."""
    data = PLAIN.encode() + b"61,x" + bad + b"y\n"

    assert decided(data) == Encoding("utf-8")


def test_accents_beside_broken_lines_keep_the_file_utf_8() -> None:
    """One Windows-1252 line pasted into a UTF-8 file does not garble the others."""
    data = ACCENTS.encode() * 20 + "9,Jörg\n".encode("cp1252")

    assert decided(data) == Encoding("utf-8")


def test_an_unknown_encoding_stops_with_the_fix() -> None:
    """Nothing is read in an encoding that is merely possible."""
    data = "id,name\n1,сергей\n2,ольга\n".encode("koi8-r")

    with pytest.raises(StopRun, match=r"f\.csv: .*encoding = "):
        decided(data.replace(b"\n", b"\x81\n"))


@pytest.mark.parametrize(
    ("declared", "data"),
    [
        pytest.param("windows-1252", ACCENTS.encode(), id="is-utf-8"),
        pytest.param("windows-1252", PLAIN.encode("utf-8-sig"), id="has-mark"),
        pytest.param("utf-8", codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le"), id="is-utf-16"),
        pytest.param("utf-16", PLAIN.encode(), id="is-not-utf-16"),
    ],
)
def test_a_declaration_that_would_garble_is_refused(declared: str, data: bytes) -> None:
    """Mojibake is an error before the first record, not a surprise in a letter."""
    with pytest.raises(StopRun, match="garble"):
        decided(data, declared)


def test_a_declaration_is_followed() -> None:
    """Where the content allows several, the admin decides."""
    assert decided("ż\n".encode("cp1250"), "windows-1250") == Encoding("cp1250")


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "utf-16-le"])
def test_undecodable_bytes_come_back_exactly(codec: str) -> None:
    """Quarantine holds the bytes as received."""
    encoding = Encoding(codec)
    data = "ok é ".encode(codec) + (b"\x00\xd8" if codec == "utf-16-le" else b"\x81\x8d")

    text = data.decode(encoding.codec, encoding.errors)

    assert encoding.bytes_of(text) == data
