"""Endpoints of SOQL: query, queryAll, and the next pages of both.

Source: Salesforce REST API, "Query" and "Query Options Header"; recorded query answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.salesforce.emulator.locators import Cursor
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import malformed_query
from connectors.salesforce.emulator.selection import columns, matching, shown
from connectors.salesforce.emulator.soql import Query, parse
from connectors.salesforce.emulator.wire import Answer, Call

SMALLEST_PAGE, LARGEST_PAGE = 200, 2_000


def query(org: Org, call: Call) -> Answer:
    """The first page of the live records that a query finds."""
    return _first_page(org, call, with_deleted=False)


def query_all(org: Org, call: Call) -> Answer:
    """The first page of the records that a query finds, those in the recycle bin among them."""
    return _first_page(org, call, with_deleted=True)


def tooling_query(org: Org, call: Call) -> Answer:
    """The first page of what a query finds among the org's definitions."""
    return _first_page(org, call, with_deleted=False, tooling=True)


def more(org: Org, call: Call) -> Answer:
    """A further page.

    Raises:
        Refusal: 400 if the cursor is gone.
    """
    locator, cursor, start = org.locators.find(call.path["locator"], org.now())
    return _page(org, call, cursor, locator, start)


def _first_page(org: Org, call: Call, *, with_deleted: bool, tooling: bool = False) -> Answer:
    text = call.query.get("q", "")
    if not text.strip():
        raise malformed_query("A query string has to be specified")
    parsed = parse(text)
    kind = org.queried(parsed.entity.text, parsed.entity.excerpt, tooling=tooling)
    records = matching(org, kind, parsed, with_deleted=with_deleted)
    if not parsed.select:
        return Answer({"totalSize": len(records), "done": True, "records": []})
    ids = [record.id for record in records]
    cursor = Cursor(parsed, ids, _page_size(call), with_deleted, tooling, org.now())
    if len(ids) <= cursor.page_size:
        return _page(org, call, cursor, "", 0)
    return _page(org, call, cursor, org.locators.open(cursor), 0)


def _page(org: Org, call: Call, cursor: Cursor, locator: str, start: int) -> Answer:
    end = start + cursor.page_size
    body: dict[str, object] = {
        "totalSize": len(cursor.ids),
        "done": end >= len(cursor.ids),
        "records": _shown(org, call, cursor, cursor.ids[start:end]),
    }
    if not body["done"]:
        base = f"/services/data/{call.version}" + ("/tooling" if cursor.tooling else "")
        body["nextRecordsUrl"] = f"{base}/query/{locator}-{end}"
    return Answer(body)


def _shown(org: Org, call: Call, cursor: Cursor, ids: Sequence[str]) -> list[object]:
    parsed: Query = cursor.query
    kind = org.queried(parsed.entity.text, "", tooling=cursor.tooling)
    selected = columns(org, kind, parsed.select)
    found = (org.tables[kind.name].get(record_id) for record_id in ids)
    kept = (r for r in found if r is not None and _visible(r, cursor))
    return [shown(selected, call.version, record) for record in kept]


def _visible(record: Record, cursor: Cursor) -> bool:
    # A record that was deleted after the cursor was opened is missing from later pages.
    return cursor.with_deleted or not record.is_deleted


def _page_size(call: Call) -> int:
    wanted = call.option("sforce-query-options", "batchSize")
    if not wanted.isdecimal():
        return LARGEST_PAGE
    return min(LARGEST_PAGE, max(SMALLEST_PAGE, int(wanted)))
