"""The folder keeps the promises of the connector contract, and its page says what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors.salesforce
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.connector import SALESFORCE
from connectors.salesforce.fields import FIELDS
from hub.core.connector import OutField
from hub.core.secrets import Secret
from hub.testing import CHECKS, Check, Grade, Subject, conduct

SUBJECT = Subject.of(SALESFORCE, "connectors.salesforce")
README = Path(str(connectors.salesforce.__file__)).with_name("README.md").read_text("utf-8")
NOT_CLAIMED = {
    "nothing-is-left-to-do",  # the manifest says what comes later
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_connector_keeps_its_promise(check: Check) -> None:
    """Every check of the suite, gold included, against the emulator over HTTP."""
    if check.id in NOT_CLAIMED:
        assert check.grade is Grade.GOLD
        return

    finding = conduct(check, SUBJECT)

    assert finding.outcome != "failed", finding.detail


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_page_names_what_is_written(field: OutField) -> None:
    """Field, source and purpose stand in one row of the table."""
    named = f"| `{field.name}` | `{field.source}` | {field.purpose} |"

    assert named in README


def test_a_batch_is_as_large_as_salesforce_takes() -> None:
    """201 records are refused, so 200 is the batch: 50 calls for 10,000 profiles."""
    settings = SalesforceSettings(
        base_url="http://127.0.0.1:1", client_id="key", client_secret=Secret.of("s")
    )

    assert {writer.batch for writer in SALESFORCE.writers_for(settings)} == {200}
