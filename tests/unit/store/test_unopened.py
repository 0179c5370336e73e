"""A database file that cannot be opened: the message names the cause, not its symptom."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.core.errors import StoreError
from hub.store.engine import Store

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anyone may enter, which the folders of tests are not."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


@pytest.fixture
def mortal() -> Iterator[None]:
    """Whoever runs the tests, without the superuser's right to write anywhere."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


def refusal(path: Path) -> StoreError:
    store = Store.open(f"sqlite:///{path}")
    with pytest.raises(StoreError) as caught, store.read():
        pass
    store.close()
    return caught.value


def test_a_read_only_folder_is_named(folder: Path, mortal: None) -> None:
    """SQLite keeps files beside the database, so that its folder must be writable."""
    if os.geteuid() != NOBODY:
        folder.chmod(0o555)

    err = refusal(folder / "hub.db")

    assert err.code == "HUB-513"
    assert str(err).startswith(f"{folder} is read-only for this user")


def test_a_folder_in_the_place_of_the_file_is_named(folder: Path) -> None:
    """It is no matter of rights."""
    (folder / "hub.db").mkdir()

    err = refusal(folder / "hub.db")

    assert (err.code, "is a folder, not a database" in str(err)) == ("HUB-515", True)


def test_a_folder_that_went_away_is_named(folder: Path) -> None:
    """As with a disk that is not mounted."""
    store = Store.open(f"sqlite:///{folder}/var/hub.db")
    (folder / "var").rmdir()

    with pytest.raises(StoreError, match="is gone") as caught, store.read():
        pass

    store.close()
    assert caught.value.code == "HUB-515"
