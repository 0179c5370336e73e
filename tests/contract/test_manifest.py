"""connector.toml is complete, has reasons, and agrees with the connector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.core.connector import CheckItem, Connector, Context, RowResult, Unsupported
from hub.testing.manifest import contradictions, read_manifest

SOUND = """
name = "acme"
api = 1
summary = "A shop system of our own."

[rules]
deletes = "done"
emulator = "done"
setup_docs = "done"
troubleshooting_docs = "done"
real_account = { status = "todo", reason = "nobody lent us one" }
erase = { status = "exempt", reason = "it cannot" }
write_consent = { status = "exempt", reason = "it keeps none" }
read_back = { status = "exempt", reason = "it keeps none" }
webhooks = { status = "exempt", reason = "it has none" }
"""


def check(ctx: Context) -> Sequence[CheckItem]:
    return ()


ACME = Connector(
    "acme",
    "A shop system of our own.",
    BaseModel,
    (),
    check,
    emulator=lambda clock: pytest.fail("no check of the manifest starts an emulator"),
)


def told(folder: Path, text: str, connector: Connector = ACME) -> str:
    """What is wrong with a manifest of that text, in one line."""
    (folder / "connector.toml").write_text(text, encoding="utf-8")
    try:
        return "; ".join(contradictions(read_manifest(folder), connector))
    except ValueError as err:
        return str(err)


def test_a_sound_manifest_agrees_with_its_connector(tmp_path: Path) -> None:
    """Done is there, exempt is not, and every gap has a reason."""
    assert told(tmp_path, SOUND) == ""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('deletes = "done"\n', "", "rules.deletes: Field required"),
        ('deletes = "done"', 'deletes = "maybe"', "rules.deletes.status"),
        ("[rules]", '[rules]\nspeed = "done"', "rules.speed: Extra inputs"),
        ('name = "acme"', 'name = "acne"', "it is for acne (api 1), not acme"),
        ("api = 1", "api = 2", "it is for acme (api 2), not acme"),
        ('reason = "it cannot"', 'reason = ""', "rule erase is exempt without a reason"),
        (
            'erase = { status = "exempt", reason = "it cannot" }',
            'erase = "done"',
            "rule erase is done, but the connector declares: not yet",
        ),
        (
            'emulator = "done"',
            'emulator = { status = "todo", reason = "later" }',
            "rule emulator is todo, but the connector has it",
        ),
        ("[rules]", "[rules", "not TOML"),
    ],
)
def test_a_false_manifest_is_named(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """Missing, misspelt, unreasoned, and contradicted by the connector."""
    assert old in SOUND

    assert expected in told(tmp_path, SOUND.replace(old, new))


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    """The message says which file is wanted where."""
    with pytest.raises(ValueError, match=r"connector\.toml is missing from"):
        read_manifest(tmp_path)


def test_an_ability_that_is_declared_exempt_may_exist(tmp_path: Path) -> None:
    """A reason not to use an ability is no contradiction; a rule still to do is one."""
    able = replace(ACME, read_back=lambda ctx, changes: [True for _ in changes])

    assert told(tmp_path, SOUND, able) == ""


def test_unsupported_is_false_and_says_why() -> None:
    """What a system cannot do reads as a missing ability wherever it is asked for."""
    assert not Unsupported("it cannot")
    assert RowResult("t", ok=False).error == ""
