"""Every document that is sent, held against Shopify's own schema."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    NoDeprecatedCustomRule,
    build_client_schema,
    parse,
    specified_rules,
    validate,
)

from connectors.shopify import documents

SHARED = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
INTROSPECTION = SHARED / "vendors" / "shopify" / "admin_2026-10.json.gz"
DOCUMENTS = documents.every()

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not INTROSPECTION.exists(), reason="the shared data sets are not here"),
]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """Version 2026-10; Shopify deprecates fields that its interfaces do not, so it is assumed."""
    found = json.loads(gzip.decompress(INTROSPECTION.read_bytes()))
    return build_client_schema(found.get("data", found), assume_valid=True)


@pytest.fixture(scope="module", autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Says how many documents were held against the schema."""
    yield
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f" {len(DOCUMENTS)} documents hold against {INTROSPECTION.name} ")


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_a_document_is_valid_and_asks_for_nothing_deprecated(
    schema: GraphQLSchema, document: str
) -> None:
    """Shopify knows each field, argument and variable, and deprecates none of them."""
    errors = validate(schema, parse(document), [*specified_rules, NoDeprecatedCustomRule])

    assert [error.message for error in errors] == []
