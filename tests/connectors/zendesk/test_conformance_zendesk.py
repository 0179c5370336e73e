"""The folder keeps the promises of the connector contract, and its page says what is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import connectors.zendesk
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.fields import FIELDS
from hub.core.clock import Clock
from hub.core.connector import OutField
from hub.core.plugins import load_connector
from hub.testing import CHECKS, Check, Subject
from tests.connectors.promises import assert_kept


def old_account(clock: Clock) -> ZendeskEmulator:
    """One with legacy ratings instead of surveys, without bulk import, in small pages."""
    return create(
        clock=clock, plan="unmetered", feedback="legacy", bulk=False, export_page=25, job_seconds=0
    )


SUBJECT = Subject.of(ZENDESK, "connectors.zendesk")
OLD = Subject.of(replace(ZENDESK, emulator=old_account), "connectors.zendesk")
README = Path(str(connectors.zendesk.__file__)).with_name("README.md").read_text(encoding="utf-8")
NOT_CLAIMED = {
    "nothing-is-left-to-do",  # the manifest says what comes later
}
NOT_IN_BULK = {
    "batches-are-full",  # without bulk import every user is a call of its own
}
OF_READING_AND_WRITING = [
    check
    for check in CHECKS
    if check.examine.__module__.endswith(("reading_checks", "writing_checks"))
    and check.id not in NOT_IN_BULK
]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_connector_keeps_its_promise(check: Check) -> None:
    """Every check of the suite, gold included, against the emulator over HTTP."""
    assert_kept(check, SUBJECT, NOT_CLAIMED)


@pytest.mark.slow
@pytest.mark.parametrize("check", OF_READING_AND_WRITING, ids=lambda check: check.id)
def test_it_keeps_its_promise_to_an_old_account(check: Check) -> None:
    """Legacy ratings and updates one by one keep them, too."""
    assert_kept(check, OLD)


def test_it_is_met_through_its_entry_point() -> None:
    """The built-in connector is loaded exactly like a third-party one."""
    assert load_connector("zendesk") is ZENDESK


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_page_names_what_is_written(field: OutField) -> None:
    """Field, source and purpose stand in one row of the table."""
    [row] = [
        line for line in README.splitlines() if f"`{field.name}`" in line and line.startswith("|")
    ]

    assert f"`{field.source}`" in row
    assert row.rstrip(" |").endswith(field.purpose)


def test_a_batch_is_as_large_as_zendesk_takes() -> None:
    """101 records are refused as TooManyValues, so 100 is the batch."""
    assert [writer.batch for writer in ZENDESK.writers_for(None)] == [100, 100]
