"""The folder keeps the promises of the connector contract, and its page says what is true."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import connectors.salesforce
import hub.core
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.connector import SALESFORCE
from connectors.salesforce.emulator import create
from connectors.salesforce.fields import FIELDS
from hub.core.clock import Clock
from hub.core.connector import Emulator, OutField
from hub.core.secrets import Secret
from hub.testing import CHECKS, Check, Subject
from tests.connectors.promises import assert_kept

SUBJECT = Subject.of(SALESFORCE, "connectors.salesforce")
README = Path(str(connectors.salesforce.__file__)).with_name("README.md").read_text("utf-8")


def org_of_people(clock: Clock) -> Emulator:
    """An org with person accounts."""
    return create(clock=clock, person_accounts=True)


PEOPLE = Subject.of(replace(SALESFORCE, emulator=org_of_people), "connectors.salesforce")
OF_READING_AND_WRITING = [
    check
    for check in CHECKS
    if check.examine.__module__.endswith(("reading_checks", "writing_checks", "engine_checks"))
]
FILLED_IN = {"gauge.name": "daily", "wanted": "an ISO 8601 date"}


def filled(found: re.Match[str]) -> str:
    """What stands in place of a placeholder, or between two adjacent strings."""
    return next((text for name, text in FILLED_IN.items() if name in found[0]), "")


SPOKEN = re.sub(
    r"\{[^}]*\}|\"\s*\n?\s*f?\"",
    filled,
    "".join(
        file.read_text("utf-8")
        for folder in (connectors.salesforce, hub.core)
        for file in sorted(Path(str(folder.__file__)).parent.glob("*.py"))
    ),
)
"""The source that speaks, adjacent strings joined and placeholders left out."""
NOT_CLAIMED = {
    "nothing-is-left-to-do",  # the manifest says what comes later
}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_connector_keeps_its_promise(check: Check) -> None:
    """Every check of the suite, gold included, against the emulator over HTTP."""
    assert_kept(check, SUBJECT, NOT_CLAIMED)


@pytest.mark.slow
@pytest.mark.parametrize("check", OF_READING_AND_WRITING, ids=lambda check: check.id)
def test_it_keeps_its_promise_to_an_org_with_person_accounts(check: Check) -> None:
    """People who are accounts are read, and written, once."""
    assert_kept(check, PEOPLE)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_page_names_what_is_written(field: OutField) -> None:
    """Field, source and purpose stand in one row of the table."""
    named = f"| `{field.name}` | `{field.source}` | {field.purpose} |"

    assert named in README


def messages() -> list[str]:
    """What the troubleshooting table quotes: the parts between ellipses, codes left out."""
    table = README.split("## Troubleshooting")[1]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][1:]
    quoted = re.findall("`([^`]+)`", " ".join(cells))
    parts = [part for text in quoted for part in re.split(r"…|\(.*?\)?$|\(", text)]
    return sorted({part.strip() for part in parts if re.search("[a-z]{3}.* ", part.strip())})


@pytest.mark.parametrize("message", messages())
def test_the_page_quotes_messages_that_exist(message: str) -> None:
    """Who looks for a message on the page finds it as the hub says it."""
    assert message in SPOKEN


def test_a_batch_is_as_large_as_salesforce_takes() -> None:
    """201 records are refused, so 200 is the batch: 50 calls for 10,000 profiles."""
    settings = SalesforceSettings(
        base_url="http://127.0.0.1:1", client_id="key", client_secret=Secret.of("s")
    )

    assert {writer.batch for writer in SALESFORCE.writers_for(settings)} == {200}
