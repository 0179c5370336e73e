"""The stand-alone verifier over good bundles and over bundles that are known to be bad."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.audit.checkpoint import Notary, notes_between
from hub.audit.export import VERIFIER, export_range, export_subject
from hub.audit.log import AuditEvent, record
from hub.audit.signing import KEY_FILE, Signer
from hub.audit.verify import Checkpoint, Frontier, leaf_hash, main, tile_path
from hub.core.errors import ConfigError, NotFound
from hub.store.engine import Store

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Logger

Log = tuple[Store, Path]
SIZE = 703
ROTATED_AT = 501


def tile(bundle: Path, kind: str, index: int, size: int = SIZE) -> Path:
    return bundle / tile_path(kind, index, min(256, size - index * 256))


def split(data: bytes) -> list[bytes]:
    entries, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2])
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return entries


def join(entries: list[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def rewrite(
    bundle: Path, index: int, change: Callable[[list[bytes]], object], size: int = SIZE
) -> None:
    """Changes the entries of a file, and with them their leaf hashes, as a careful forger would."""
    entries = split(tile(bundle, "entries", index, size).read_bytes())
    change(entries)
    tile(bundle, "entries", index, size).write_bytes(join(entries))
    tile(bundle, "0", index, size).write_bytes(b"".join(map(leaf_hash, entries)))


def rewrite_json(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def check(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit code and last line of the verifier."""
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().out.splitlines()[-1]


# --- Known-bad bundles -------------------------------------------------------------------------


def edited(bundle: Path) -> None:
    path = tile(bundle, "entries", 1)
    path.write_bytes(path.read_bytes().replace(b'"number":109', b'"number":901'))


def edited_with_its_hash(bundle: Path) -> None:
    rewrite(bundle, 1, lambda entries: entries.__setitem__(4, entries[4].replace(b"p9", b"p2")))


def reordered(bundle: Path) -> None:
    path = tile(bundle, "entries", 0)
    entries = split(path.read_bytes())
    entries[20], entries[21] = entries[21], entries[20]
    path.write_bytes(join(entries))


def removed_entry(bundle: Path) -> None:
    path = tile(bundle, "entries", 2)
    path.write_bytes(join(split(path.read_bytes())[:-1]))


def removed_file(bundle: Path) -> None:
    tile(bundle, "entries", 1).unlink()


def inserted(bundle: Path) -> None:
    path = tile(bundle, "entries", 0)
    path.write_bytes(join([*split(path.read_bytes()), b'{"at":1767225600000000}']))


def truncated_to_an_old_size(bundle: Path) -> None:
    """All files agree on 512 entries, only the signature is of 703."""
    shutil.rmtree(bundle / "tile/entries/002.p")
    rewrite_json(bundle / "manifest.json", lambda fields: fields.update(end=512))


def forged_signature(bundle: Path) -> None:
    note = (bundle / "checkpoint").read_text()
    head, _, line = note.rpartition(" ")
    raw = bytearray(base64.b64decode(line))
    raw[40] ^= 1
    (bundle / "checkpoint").write_text(f"{head} {base64.b64encode(raw).decode()}\n")


def signed_by_another(bundle: Path) -> None:
    checkpoint = Checkpoint.parse((bundle / "checkpoint").read_text())
    (bundle / "checkpoint").write_text(Signer.new(checkpoint.origin).note(checkpoint))


def forged_root(bundle: Path) -> None:
    """A checkpoint that nobody signed, over entries that fit it."""
    text = (bundle / "checkpoint").read_text()
    root = text.splitlines()[2]
    forged = base64.b64encode(bytes(32)).decode()
    (bundle / "checkpoint").write_text(text.replace(root, forged))


def forged_rotation(bundle: Path) -> None:
    path = bundle / "rotations.jsonl"
    evil = str(Signer.new("cxhub/acme-retail").key)
    row = json.loads(path.read_text())
    entry = json.loads(row["entry"])
    entry["what"]["new"] = evil
    row["entry"] = json.dumps(entry)
    path.write_text(json.dumps(row) + "\n")


def hidden_rotation(bundle: Path) -> None:
    (bundle / "rotations.jsonl").write_text("")


def repeated_checkpoint(bundle: Path) -> None:
    path = bundle / "checkpoints.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]))


BAD: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "entry edited": (edited, 3, "entry 260 "),
    "entry and its hash edited": (edited_with_its_hash, 4, "entries 151 to 300 "),
    "entries swapped": (reordered, 3, "entry 20 "),
    "last entry removed": (removed_entry, 3, "entry 702 "),
    "file of entries removed": (removed_file, 3, "entry 256 "),
    "entry added": (inserted, 3, "entry 256 "),
    "cut back, signature kept": (truncated_to_an_old_size, 4, "entries 512 to 702"),
    "signature changed": (forged_signature, 2, "size 703"),
    "signed with another key": (signed_by_another, 2, "size 703"),
    "root changed": (forged_root, 2, "size 703"),
    "rotation to a key of the forger": (forged_rotation, 1, f"entry {ROTATED_AT}"),
    "rotation hidden": (hidden_rotation, 2, "size 703"),
    "checkpoint repeated": (repeated_checkpoint, 5, "size"),
}


@pytest.mark.parametrize(("tamper", "step", "where"), BAD.values(), ids=BAD)
def test_a_bundle_that_was_tampered_with_is_refused(
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[Path], None],
    step: int,
    where: str,
) -> None:
    """Each forgery is found at its step of the plan, and the message names the place."""
    tamper(bundle)

    code, message = check(capsys, bundle)

    assert code == 1
    assert message.startswith(f"TAMPERED: step {step}: ")
    assert where in message


# --- Good bundles ------------------------------------------------------------------------------


def test_the_whole_log_verifies_in_every_step(
    exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bundle as exported passes, and the report says what was checked."""
    code = main([str(exported), "--json"])

    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [step["step"] for step in report["steps"]] == [1, 2, 3, 4, 5]
    assert "0 to 702, 703 in all" in report["steps"][2]["found"]


def test_every_single_byte_of_the_entries_counts(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Flipping any sampled bit of entries or leaf hashes is found."""
    for number, name in enumerate(["tile/entries/001", "tile/0/000", "tile/entries/002.p/191"]):
        copy = Path(shutil.copytree(exported, tmp_path / str(number)))
        clean = (copy / name).read_bytes()
        for place in range(number, len(clean), len(clean) // 12):
            data = bytearray(clean)
            data[place] ^= 1 << place % 8
            (copy / name).write_bytes(data)

            assert check(capsys, copy)[0] == 1, f"{name} byte {place}"


def test_a_zip_verifies_like_a_folder(
    signed_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The .zip holds the same files."""
    done = export_range(signed_log[0], tmp_path / "log.zip")

    assert (done.count, done.size) == (SIZE, SIZE)
    assert check(capsys, tmp_path / "log.zip") == (0, "OK: every step holds")


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [(300, 400, "256 to 511"), (0, 256, "0 to 255"), (256, None, "256 to 702")],
)
def test_a_range_verifies_against_the_same_root(
    signed_log: Log,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    start: int,
    end: int | None,
    held: str,
) -> None:
    """Whole files of 256 around the range, and the subtrees beside them, give the signed root."""
    export_range(signed_log[0], tmp_path / "range", start, end)

    code = main([str(tmp_path / "range")])

    assert code == 0
    assert f"entries: {held}" in capsys.readouterr().out


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_range_with_forged_surroundings_is_refused(
    signed_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str], side: str
) -> None:
    """The subtrees beside a range are part of what was signed."""
    export_range(signed_log[0], tmp_path / "range", 256, 512)
    forged = base64.b64encode(bytes(32)).decode()
    manifest = json.loads((tmp_path / "range/manifest.json").read_text())
    manifest[side][0] = forged
    (tmp_path / "range/manifest.json").write_text(json.dumps(manifest))

    code, message = check(capsys, tmp_path / "range")

    assert code == 1
    assert message.startswith("TAMPERED: step 4")


def test_one_person_is_proven_without_the_others(
    signed_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A subject's bundle holds that person's entries alone, each proven."""
    done = export_subject(signed_log[0], tmp_path / "p7", "p7")

    code = main([str(tmp_path / "p7")])

    assert code == 0
    assert done.count == 70
    assert "70 entries of p7" in capsys.readouterr().out
    assert '"p8"' not in (tmp_path / "p7/proofs.jsonl").read_text()


def changed_entry(rows: list[dict[str, object]]) -> None:
    rows[3]["entry"] = str(rows[3]["entry"]).replace("marketing", "analytics")


def claimed_elsewhere(rows: list[dict[str, object]]) -> None:
    rows[3]["index"] = 700


def doubled(rows: list[dict[str, object]]) -> None:
    rows.insert(3, rows[3])


@pytest.mark.parametrize("tamper", [changed_entry, claimed_elsewhere, doubled])
def test_a_persons_bundle_that_was_tampered_with_is_refused(
    signed_log: Log,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[list[dict[str, object]]], None],
) -> None:
    """An entry that is changed, moved or told twice does not pass."""
    export_subject(signed_log[0], tmp_path / "p7", "p7")
    path = tmp_path / "p7/proofs.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    tamper(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    code, message = check(capsys, tmp_path / "p7")

    assert code == 1
    assert message.startswith("TAMPERED: step 6: entry ")


def test_another_persons_entry_does_not_pass_as_ones_own(
    signed_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A true entry with a true proof is refused if it is about someone else."""
    export_subject(signed_log[0], tmp_path / "p7", "p7")
    rewrite_json(tmp_path / "p7/manifest.json", lambda fields: fields.update(subject="p8"))

    code, message = check(capsys, tmp_path / "p7")

    assert code == 1
    assert "of someone else" in message


# --- The reader's own checkpoint ---------------------------------------------------------------


@pytest.fixture
def kept(signed_log: Log, tmp_path: Path) -> Path:
    """The checkpoint that an officer put aside at size 301."""
    with signed_log[0].read() as connection:
        (tmp_path / "kept").write_text(notes_between(connection, 300, 301)[0])
    return tmp_path / "kept"


def test_a_log_that_continues_the_kept_checkpoint_verifies(
    exported: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A whole log needs no proof: the root at the kept size is computed."""
    code = main([str(exported), "--checkpoint", str(kept)])

    assert code == 0
    assert "7  earlier: the log continues your checkpoint of 301" in capsys.readouterr().out


def test_a_persons_bundle_proves_that_the_log_continues(
    signed_log: Log, tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A consistency proof stands in for the entries that the bundle does not hold."""
    export_subject(signed_log[0], tmp_path / "p7", "p7", kept=301)

    assert check(capsys, tmp_path / "p7", "--checkpoint", kept) == (0, "OK: every step holds")


def test_without_a_proof_the_message_says_how_to_get_one(
    signed_log: Log, tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bundle that cannot answer is unusable for the question, not tampered with."""
    export_subject(signed_log[0], tmp_path / "p7", "p7")

    code, message = check(capsys, tmp_path / "p7", "--checkpoint", kept)

    assert code == 2
    assert "hub audit export --checkpoint" in message


def test_a_log_rolled_back_behind_the_kept_checkpoint_is_refused(
    young_log: Notary, logged: Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backup of last week, perfectly signed, is not the log that the officer has seen."""
    export_range(young_log.store, tmp_path / "last-week")
    logged(young_log.store, 20)
    young_log.settle()
    (tmp_path / "kept").write_text(export_range(young_log.store, tmp_path / "now").checkpoint)
    assert check(capsys, tmp_path / "last-week")[0] == 0

    code, message = check(capsys, tmp_path / "last-week", "--checkpoint", tmp_path / "kept")

    assert code == 1
    assert "rolled back" in message
    assert "entry 151 is the first one gone" in message


def test_a_log_rewritten_by_the_holder_of_the_key_is_refused(
    young_log: Notary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even with the private key, what the officer has seen signed cannot be changed."""
    bundle = tmp_path / "log"
    (tmp_path / "kept").write_text(export_range(young_log.store, bundle).checkpoint)
    rewrite(bundle, 0, lambda entries: entries.__setitem__(9, b'{"at":1767225600000000}'), 151)
    sign_anew(bundle, young_log)
    assert check(capsys, bundle)[0] == 0

    code, message = check(capsys, bundle, "--checkpoint", tmp_path / "kept")

    assert code == 1
    assert message.startswith("TAMPERED: step 7: in entries 0 to 150 something differs")


def test_an_entry_later_than_the_checkpoint_over_it_is_refused(
    young_log: Notary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint that claims to be older than what it signs was dated back."""
    export_range(young_log.store, tmp_path / "log")
    sign_anew(tmp_path / "log", young_log, at=1_767_225_600_000_000)

    code, message = check(capsys, tmp_path / "log")

    assert code == 1
    assert message.startswith("TAMPERED: step 5: in entries 0 to 150 one is later")


def test_late_entries_are_told_and_not_refused(
    young_log: Notary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A transaction that committed hours after it began is remarkable, not forged."""
    store = young_log.store
    late = AuditEvent("sync.page", "os:kim", store.clock.now() - timedelta(hours=2))
    with store.write() as connection:
        record(connection, late)
    young_log.settle()
    export_range(store, tmp_path / "log")

    code = main([str(tmp_path / "log")])

    assert code == 0
    assert "1 entries are over an hour older" in (out := capsys.readouterr().out)
    assert "the first is 151" in out


def sign_anew(bundle: Path, notary: Notary, at: int | None = None) -> None:
    """Replaces the only checkpoint of a bundle by one that fits, as the key's holder can."""
    old = Checkpoint.parse((bundle / "checkpoint").read_text())
    entries = split((bundle / tile_path("entries", 0, old.size)).read_bytes())
    root = Frontier().extend(map(leaf_hash, entries)).root()
    forged = dataclasses.replace(old, root=root, at=at or old.at)
    (bundle / "checkpoint").write_text(Signer.read(notary.keys / KEY_FILE).note(forged))
    (bundle / "checkpoints.jsonl").write_text("")


def test_the_newest_of_an_anchor_file_is_the_one_that_counts(
    exported: Path, signed_log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An officer may hand over the whole file that checkpoints were appended to."""
    with signed_log[0].read() as connection:
        (tmp_path / "anchors").write_text("".join(notes_between(connection, 0)))
    code = main([str(exported), "--checkpoint", str(tmp_path / "anchors")])

    assert code == 0
    assert "your checkpoint of 703" in capsys.readouterr().out


# --- Unusable input, and the file alone --------------------------------------------------------


def cut_zip(bundle: Path) -> Path:
    whole = Path(shutil.make_archive(str(bundle), "zip", bundle)).read_bytes()
    bundle.with_suffix(".zip").write_bytes(whole[: len(whole) // 2])
    return bundle.with_suffix(".zip")


def no_manifest(bundle: Path) -> Path:
    (bundle / "manifest.json").unlink()
    return bundle


def other_format(bundle: Path) -> Path:
    rewrite_json(bundle / "manifest.json", lambda fields: fields.update(format="else/9"))
    return bundle


def not_json(bundle: Path) -> Path:
    (bundle / "manifest.json").write_text("{")
    return bundle


def not_text(bundle: Path) -> Path:
    (bundle / "checkpoint").write_bytes(b"\xff\xfe")
    return bundle


def nowhere(bundle: Path) -> Path:
    return bundle / "nowhere.zip"


@pytest.mark.parametrize("spoil", [cut_zip, no_manifest, other_format, not_json, not_text, nowhere])
def test_what_cannot_be_read_is_unusable_not_tampered(
    bundle: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Path], Path]
) -> None:
    """A broken download is told apart from a forgery, without a traceback."""
    code, message = check(capsys, spoil(bundle))

    assert code == 2
    assert message.startswith("UNUSABLE: ")


@pytest.mark.parametrize(
    ("spoil", "expected"), [(None, 0), (edited, 1), (no_manifest, 2)], ids=["good", "bad", "broken"]
)
def test_the_verifier_runs_alone(
    bundle: Path, exported: Path, spoil: Callable[[Path], object] | None, expected: int
) -> None:
    """The copy beside the bundle needs nothing: no package, no environment, no hub."""
    if spoil:
        spoil(bundle)
    verifier = shutil.copy(exported.with_name(VERIFIER), bundle.with_name("v.py"))

    done = subprocess.run(
        [sys.executable, "-I", "-S", verifier, bundle],
        cwd=bundle.parent,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == expected, done.stdout
    assert done.stderr == ""


def test_an_export_never_overwrites(exported: Path, signed_log: Log) -> None:
    """An earlier bundle is evidence; a new one needs a new name."""
    with pytest.raises(ConfigError, match="exists"):
        export_range(signed_log[0], exported)


def test_an_export_that_finds_nothing_leaves_nothing(signed_log: Log, tmp_path: Path) -> None:
    """A mistyped pseudonym gives a message, not an empty bundle."""
    with pytest.raises(NotFound, match="p99"):
        export_subject(signed_log[0], tmp_path / "out.zip", "p99")
    with pytest.raises(NotFound, match="703"):
        export_range(signed_log[0], tmp_path / "out", 9_999)

    assert list(tmp_path.iterdir()) == []
