"""When the log is signed, with which key, and where the signatures go."""

from __future__ import annotations

import dataclasses
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.audit.checkpoint import Notary, newest, notes_between, rotate
from hub.audit.database import verify_log
from hub.audit.signing import (
    KEY_FILE,
    NEXT_KEY_FILE,
    Signer,
    ed25519_holds,
    ensure_key,
    signer_in_office,
)
from hub.audit.verify import Checkpoint, Key, Unusable
from hub.core.clock import ManualClock, from_micros
from hub.core.errors import ConfigError, Unavailable
from hub.core.settings import AuditSection
from hub.store.engine import Store

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Logger


def sizes(store: Store) -> list[int]:
    with store.read() as connection:
        return [Checkpoint.parse(note).size for note in notes_between(connection, 0)]


def test_a_command_ends_with_a_checkpoint_over_everything(
    store: Store, notary: Notary, logged: Logger
) -> None:
    """What was committed when the command ends is signed when it ends."""
    logged(store, 30)

    signed = notary.settle()

    assert signed is not None
    assert signed.size == 31  # the key's own creation is an event too
    with store.read() as connection:
        key = signer_in_office(connection, notary.keys).key
    assert signed.signed_by(key)


def test_a_log_without_news_gets_no_new_checkpoint(
    store: Store, notary: Notary, clock: ManualClock, logged: Logger
) -> None:
    """A second run that changes nothing signs nothing, however late it is."""
    logged(store, 3)
    first = notary.settle()
    clock.sleep(3600)

    assert notary.settle() == first
    assert notary.tick() == first
    assert sizes(store) == [4]


def test_a_tick_signs_when_it_is_time(
    store: Store, notary: Notary, clock: ManualClock, logged: Logger
) -> None:
    """While the hub serves, few events wait for the interval, even if none follows them."""
    notary.settle()
    logged(store, 2)
    notary.tick()
    assert sizes(store) == [1]

    clock.sleep(60)
    notary.tick()

    assert sizes(store) == [1, 3]


def test_many_events_do_not_wait_for_the_interval(
    store: Store, notary: Notary, clock: ManualClock, logged: Logger
) -> None:
    """The count of the settings is reached before the interval is over."""
    notary.settle()
    logged(store, 100)
    clock.sleep(-100)

    notary.tick()

    assert sizes(store) == [1, 101]


def test_a_clock_set_back_does_not_set_the_log_back(
    store: Store, notary: Notary, clock: ManualClock, logged: Logger
) -> None:
    """A checkpoint's time is never before the one before it nor before its own entries."""
    logged(store, 5)
    first = notary.settle()
    latest = clock.now()
    clock.sleep(-86_400)
    logged(store, 5)
    second = notary.settle()

    assert first is not None
    assert second is not None
    assert from_micros(first.at) >= latest - timedelta(seconds=1)
    assert second.at >= first.at
    assert verify_log(store).steps


def test_every_checkpoint_is_added_to_the_anchor_file(
    store: Store, notary: Notary, logged: Logger
) -> None:
    """The file kept elsewhere holds each signature once, and its newest is found in it."""
    section = notary.section.model_copy(update={"anchor_file": "anchors.txt"})
    anchored = dataclasses.replace(notary, section=section)
    for _ in range(2):
        logged(store, 10)
        anchored.settle()
    anchored.settle()

    text = (notary.home / "anchors.txt").read_text()

    with store.read() as connection:
        assert text == "".join(notes_between(connection, 0))
        assert Checkpoint.newest_in(text) == newest(connection)


def test_an_anchor_that_cannot_be_written_is_told_after_signing(
    store: Store, notary: Notary, logged: Logger
) -> None:
    """A share that is gone does not keep the log from being signed, nor go unnoticed."""
    section = notary.section.model_copy(update={"anchor_file": "gone/anchors.txt"})
    logged(store, 1)

    with pytest.raises(Unavailable, match="anchor_file"):
        dataclasses.replace(notary, section=section).settle()

    assert sizes(store) == [2]


def test_a_checkpoint_reads_back_from_its_note() -> None:
    """A signed note holds all of the checkpoint, in the form that C2SP describes."""
    signer = Signer.new("cxhub/acme")
    checkpoint = Checkpoint("cxhub/acme", 7, b"r" * 32, 1_767_225_600_000_000)

    note = signer.note(checkpoint)
    read = Checkpoint.parse(note)

    assert note.splitlines()[:5] == [
        "cxhub/acme",
        "7",
        "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=",
        "time 1767225600000000",
        "",
    ]
    assert dataclasses.replace(read, signatures=()) == checkpoint
    assert read.signed_by(signer.key)
    assert read.signed_by(signer.key, ed25519_holds)
    assert not read.signed_by(Signer.new("cxhub/acme").key)
    assert not read.signed_by(Key("cxhub/other", signer.key.public))


@pytest.mark.parametrize(
    "note",
    ["", "cxhub/acme\n7\n", "cxhub/acme\n07\ncnJy\ntime 1\n\n", "free text\n\n\u2014 a b\n"],
    ids=["empty", "cut short", "leading zero", "other text"],
)
def test_what_is_no_checkpoint_is_unusable(note: str) -> None:
    """Another text is told apart from a checkpoint that does not verify."""
    with pytest.raises(Unusable):
        Checkpoint.parse(note)


def test_a_verifier_key_reads_back_and_a_changed_one_does_not() -> None:
    """Name, hash and key of a verifier key belong together."""
    key = Signer.new("cxhub/acme").key

    assert Key.parse(str(key)) == key
    with pytest.raises(Unusable):
        Key.parse(str(key).replace("acme", "evil"))


def test_the_private_key_is_for_its_owner_only(store: Store, notary: Notary) -> None:
    """The file has mode 600, and nothing else of the key is on disk or in a text."""
    path = notary.keys / KEY_FILE
    signer = Signer.read(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in notary.keys.iterdir()] == [KEY_FILE]
    assert path.read_text().strip()[-44:] not in repr(signer)  # the seed itself may hold a "+"


def test_a_key_that_others_can_read_is_refused(store: Store, notary: Notary) -> None:
    """A key on a shared disk signs for anyone."""
    (notary.keys / KEY_FILE).chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        notary.settle()


def test_a_lost_key_is_not_replaced_in_silence(store: Store, notary: Notary) -> None:
    """A new key would break the chain; the message says which one to restore."""
    (notary.keys / KEY_FILE).unlink()

    with pytest.raises(ConfigError, match=r"lacks the key cxhub/acme-retail\+"):
        notary.settle()


def test_processes_that_start_together_agree_on_one_key(
    database: str, clock: ManualClock, tmp_path: Path
) -> None:
    """The first key of a log is made once, whoever is faster."""
    stores = [Store.open(database, clock) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda s: ensure_key(s, tmp_path / "keys", "Acme", "os:kim"), stores))

    with stores[0].read() as connection:
        keys = connection.exec_driver_sql("SELECT key_id FROM audit_keys").all()
        events = connection.exec_driver_sql("SELECT kind FROM audit_leaves").all()
        assert signer_in_office(connection, tmp_path / "keys").key.id == keys[0].key_id
    assert len(keys) == len(events) == 1
    for store in stores:
        store.close()


def test_a_rotation_is_an_event_signed_by_the_old_key(
    store: Store, notary: Notary, logged: Logger
) -> None:
    """The old key signs the hand-over and nothing after it; the new one signs from then on."""
    logged(store, 5)
    with store.read() as connection:
        old = signer_in_office(connection, notary.keys).key

    new = rotate(store, notary.keys, "os:kim")
    logged(store, 5)
    last = notary.settle()

    with store.read() as connection:
        first, second = (Checkpoint.parse(note) for note in notes_between(connection, 0))
    assert (first.size, second.size) == (7, 12)
    assert first.signed_by(old)
    assert second.signed_by(new)
    assert second == last
    assert verify_log(store).steps[0] == (1, f"keys: {old.id}, {new.id}")


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_rotation_cut_off_is_finished_or_forgotten(
    store: Store, notary: Notary, logged: Logger, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """At any moment of a rotation, the key that the database names is there to sign."""

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "before the commit":
            patch.setattr("hub.audit.checkpoint._put_into_office", cut)
        else:
            patch.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate(store, notary.keys, "os:kim")

    logged(store, 5)
    notary.settle()
    rotate(store, notary.keys, "os:kim")
    logged(store, 5)
    notary.settle()

    assert verify_log(store).steps
    assert not (notary.keys / NEXT_KEY_FILE).exists()


def test_a_server_signs_with_the_key_that_another_process_put_into_office(
    database: str, clock: ManualClock, tmp_path: Path, logged: Logger
) -> None:
    """A rotation by command reaches a hub that is running."""
    server, command = (Store.open(database, clock) for _ in range(2))
    ensure_key(server, tmp_path / "keys", "Acme", "os:kim")
    notary = Notary(server, tmp_path / "keys", AuditSection(), tmp_path)
    notary.settle()

    new = rotate(command, tmp_path / "keys", "os:kim")
    logged(server, 3)
    signed = notary.settle()

    assert signed is not None
    assert signed.signed_by(new)
    server.close()
    command.close()
