"""The folder keeps the promises of the connector contract, and its page says what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors.shopify
from connectors.shopify.config import ShopifySettings
from connectors.shopify.connector import SHOPIFY
from connectors.shopify.fields import FIELDS
from hub.core.connector import OutField
from hub.core.plugins import load_connector
from hub.testing import CHECKS, Check, Subject
from tests.connectors.promises import assert_kept

SUBJECT = Subject.of(SHOPIFY, "connectors.shopify")
README = Path(str(connectors.shopify.__file__)).with_name("README.md").read_text(encoding="utf-8")
NOT_CLAIMED = {
    "nothing-is-left-to-do",  # the manifest says what comes later
    "batches-are-full",  # a call takes 25 metafields, a customer has up to 16: no batch is one call
}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_the_connector_keeps_its_promise(check: Check) -> None:
    """Every check of the suite, gold included, against the emulator over HTTP."""
    assert_kept(check, SUBJECT, NOT_CLAIMED)


def test_it_is_met_through_its_entry_point() -> None:
    """The built-in connector is loaded exactly like a third-party one."""
    assert load_connector("shopify") is SHOPIFY


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_page_names_what_is_written(field: OutField) -> None:
    """Metafield, source and purpose stand in one row of the table."""
    [row] = [line for line in README.splitlines() if line.startswith(f"| `{field.name}`")]

    assert f"`{field.source}`" in row
    assert row.rstrip(" |").endswith(field.purpose)


@pytest.mark.parametrize("name", ShopifySettings.model_fields)
def test_the_page_names_every_setting(name: str) -> None:
    """In the table of settings, so that nobody has to read the code for it."""
    assert any(f"`{name}`" in line for line in README.splitlines() if line.startswith("| `"))
