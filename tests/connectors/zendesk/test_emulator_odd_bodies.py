"""Whatever JSON arrives, the account answers, and answers as Zendesk does: never with a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

WRITES = (
    ("POST", "/users", "user"),
    ("POST", "/users/create_or_update", "user"),
    ("POST", "/users/create_or_update_many", "users"),
    ("PUT", "/users/update_many", "users"),
    ("PUT", "/users/update_many?ids=101", "user"),
    ("PUT", "/users/101/merge", "user"),
    ("PUT", "/organizations/update_many", "organizations"),
    ("POST", "/user_fields", "user_field"),
    ("POST", "/organization_fields", "organization_field"),
)
NAMES = st.sampled_from(
    [
        "id",
        "name",
        "email",
        "external_id",
        "role",
        "tags",
        "user_fields",
        "organization_fields",
        "organization_id",
        "key",
        "title",
        "type",
        "custom_field_options",
        "regexp_for_validation",
    ]
)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)  # JSON has no others
ATOMS = st.none() | st.booleans() | NUMBERS | st.text(max_size=9)
VALUES = st.recursive(
    ATOMS | st.sampled_from(["a@b.co", "text", "regexp", "dropdown", 101]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=6) | VALUES


@pytest.fixture(scope="module")
def account(open_wire: Callable[[ZendeskEmulator], Wire]) -> Wire:
    """An account that everything may happen to."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    return open_wire(create(clock=clock, plan="unmetered", job_seconds=0))


@given(record=RECORDS, endpoint=st.sampled_from(WRITES))
@settings(max_examples=200)
def test_no_body_breaks_the_account(
    account: Wire, record: object, endpoint: tuple[str, str, str]
) -> None:
    """Records of any shape are taken or refused, alone and in jobs, which all come to an end."""
    method, path, name = endpoint
    body = {name: [record] if name.endswith("s") else record}

    answer = account.send(method, path, body)

    assert answer.status_code in (200, 201, 400, 403, 404, 422)
    jobs = account.get("/job_statuses").json()["job_statuses"]
    assert {job["status"] for job in jobs} <= {"completed"}
