"""The folder keeps the promises of the connector contract, and its page says what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors.hubspot
from connectors.hubspot.connector import HUBSPOT
from connectors.hubspot.fields import FIELDS
from connectors.hubspot.writer import PROFILES
from hub.core.connector import OutField
from hub.core.plugins import load_connector
from hub.testing import CHECKS, Check, Subject
from tests.connectors.promises import assert_kept

SUBJECT = Subject.of(HUBSPOT, "connectors.hubspot")
README = Path(str(connectors.hubspot.__file__)).with_name("README.md").read_text(encoding="utf-8")
NOT_CLAIMED = {
    "nothing-is-left-to-do",  # the manifest says what comes later
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_connector_keeps_its_promise(check: Check) -> None:
    """Every check of the suite, gold included, against the emulator over HTTP."""
    assert_kept(check, SUBJECT, NOT_CLAIMED)


def test_it_is_met_through_its_entry_point() -> None:
    """The built-in connector is loaded exactly like a third-party one."""
    assert load_connector("hubspot") is HUBSPOT


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_page_names_what_is_written(field: OutField) -> None:
    """Property, source and purpose stand in one row of the table."""
    [row] = [line for line in README.splitlines() if f"`{field.name}`" in line and "|" in line]

    assert f"`{field.source}`" in row
    assert row.rstrip(" |").endswith(field.purpose)


def test_a_batch_is_as_large_as_hubspot_takes() -> None:
    """101 inputs are refused, so 100 is the batch."""
    assert PROFILES.batch == 100
