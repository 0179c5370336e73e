"""The search endpoint: filters, sorting, and its limits.

Source: HubSpot "Search the CRM" (read November 2026): 200 results a page, 10,000 a query, filter
operators; eventually consistent, live records only, no associations and no history.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.bodies import Body, parse
from connectors.hubspot.emulator.catalogue import Property
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.refusals import Problem, Refusal, invalid, invalid_values
from connectors.hubspot.emulator.values import InvalidValue, accept
from connectors.hubspot.emulator.wire import Answer, Call, record_json

MAX_PAGE = 200
MAX_RESULTS = 10_000
MAX_GROUPS = 6
MAX_FILTERS_PER_GROUP = 6
MAX_FILTERS = 18
MAX_QUERY = 3000
REQUIRED_KEYS = ("after", "filterGroups", "limit", "properties", "sorts")
"""Keys that dated versions insist on; v3 has defaults."""

Values = Mapping[str, str]
Test = Callable[[Values], bool]
Row = tuple[Record, Values]
Reader = Callable[[str], Any]
Operator = Literal[
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
]


class Filter(Body):
    """One condition on one property."""

    property_name: str
    operator: Operator
    value: str | None = None
    values: list[str] | None = None
    high_value: str | None = None


class FilterGroup(Body):
    """Conditions that must all hold."""

    filters: list[Filter] = Field(min_length=1, max_length=MAX_FILTERS_PER_GROUP)


class Sort(Body):
    """The order of the results."""

    property_name: str
    direction: Literal["ASCENDING", "DESCENDING"] = "ASCENDING"


class SearchRequest(Body):
    """A query: any filter group must hold."""

    filter_groups: list[FilterGroup] = Field(default_factory=list, max_length=MAX_GROUPS)
    sorts: list[Sort | str] = Field(default_factory=list, max_length=1)
    properties: list[str] = Field(default_factory=list)
    limit: int = Field(default=10, ge=1, le=MAX_PAGE)
    after: str | int = "0"
    query: str = Field(default="", max_length=MAX_QUERY)


def search_records(account: Account, call: Call) -> Answer:
    """One page of matching records and how many match in all."""
    table = account.table(call.path["object_type"])
    request = parse(SearchRequest, call.body)
    _check(request, call)
    offset = _offset(request)
    rows = _matching(account, table, request)
    page = rows[offset : offset + request.limit]
    results = [record_json(table, r, request.properties, values=shown) for r, shown in page]
    body: dict[str, object] = {"total": len(rows), "results": results}
    if offset + request.limit < len(rows):
        body["paging"] = {"next": {"after": str(offset + request.limit)}}
    return Answer(body)


def _check(request: SearchRequest, call: Call) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    if call.dated and (absent := [key for key in REQUIRED_KEYS if key not in body]):
        raise invalid(f"Some required fields were not set: {absent}")
    if sum(len(group.filters) for group in request.filter_groups) > MAX_FILTERS:
        raise invalid(f"A search takes at most {MAX_FILTERS} filters in all")


def _offset(request: SearchRequest) -> int:
    text = str(request.after or "0")
    if not text.isdecimal():
        raise invalid("after must be the offset that the page before returned")
    if int(text) + request.limit > MAX_RESULTS:
        raise invalid(f"Paging beyond {MAX_RESULTS} results of one query is not possible")
    return int(text)


def _matching(account: Account, table: RecordTable, request: SearchRequest) -> list[Row]:
    """Matching rows in the order asked for.

    Records come by ascending id, so a lower bound on the id skips what lies before it, and a sort
    by id has nothing left to do.
    """
    definitions = account.properties[table.kind.name]
    groups = [[_test(definitions, f) for f in group.filters] for group in request.filter_groups]
    rows = _selected(list(table.searchable(account.now(), _lowest_id(request))), groups)
    if request.query:
        rows = [row for row in rows if _mentions(table, row[1], request.query.lower())]
    return _sorted(rows, definitions, request.sorts, table)


def _selected(rows: list[Row], groups: Sequence[Sequence[Test]]) -> list[Row]:
    if not groups:
        return rows
    if len(groups) == 1:
        return _narrowed(rows, groups[0])
    chosen = {record.id for group in groups for record, _ in _narrowed(rows, group)}
    return [row for row in rows if row[0].id in chosen]


def _narrowed(rows: list[Row], group: Sequence[Test]) -> list[Row]:
    for test in group:
        rows = [row for row in rows if test(row[1])]
    return rows


def _lowest_id(request: SearchRequest) -> int:
    bounds = [
        max((int(f.value or 0) for f in group.filters if _is_id_bound(f)), default=0)
        for group in request.filter_groups
    ]
    return min(bounds, default=0)


def _is_id_bound(rule: Filter) -> bool:
    by_id = rule.property_name == "hs_object_id" and rule.operator == "GT"
    return by_id and (rule.value or "").isdecimal()


def _sorted(
    rows: list[Row],
    definitions: Mapping[str, Property],
    sorts: Sequence[Sort | str],
    table: RecordTable,
) -> list[Row]:
    order = sorts[0] if sorts else Sort(property_name=table.kind.created)
    if isinstance(order, str):
        direction = "DESCENDING" if order.startswith("-") else "ASCENDING"
        order = Sort.model_validate({"propertyName": order.lstrip("-"), "direction": direction})
    name, descending = order.property_name, order.direction == "DESCENDING"
    if name == "hs_object_id":
        return rows[::-1] if descending else rows
    comparable = _reader(_known(definitions, name))
    present = [row for row in rows if name in row[1]]
    absent = [row for row in rows if name not in row[1]]
    present.sort(key=lambda row: comparable(row[1][name]), reverse=descending)
    return present + absent


def _mentions(table: RecordTable, values: Values, query: str) -> bool:
    return any(query in values.get(name, "").lower() for name in table.kind.searched)


# --- filters ---------------------------------------------------------------------------------


def _test(definitions: Mapping[str, Property], rule: Filter) -> Test:
    prop = _known(definitions, rule.property_name)
    name, comparable = rule.property_name, _reader(prop)
    match rule.operator:
        case "HAS_PROPERTY":
            return lambda values: name in values
        case "NOT_HAS_PROPERTY":
            return lambda values: name not in values
        case "IN" | "NOT_IN":
            allowed = {_operand(prop, rule, value) for value in _listed(rule)}
            wanted = rule.operator == "IN"
            return lambda values: (name in values and comparable(values[name]) in allowed) == wanted
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            return _token_test(rule)
        case "BETWEEN":
            low, high = (_operand(prop, rule, value) for value in (rule.value, rule.high_value))
            return lambda values: name in values and low <= comparable(values[name]) <= high
        case _:
            return _comparison(rule, comparable, _operand(prop, rule, rule.value))


_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def _comparison(rule: Filter, comparable: Reader, operand: Any) -> Test:
    name = rule.property_name
    if rule.operator == "NEQ":
        return lambda values: name not in values or comparable(values[name]) != operand
    holds = _HOLDS[rule.operator]
    return lambda values: name in values and holds(comparable(values[name]), operand)


def _token_test(rule: Filter) -> Test:
    name, wanted = rule.property_name, rule.operator == "CONTAINS_TOKEN"
    token = (rule.value or "").strip("*").lower()
    if not token:
        raise _bad_filter(rule, "value is missing")
    return lambda values: (token in values.get(name, "").lower()) == wanted


def _reader(prop: Property) -> Reader:
    """Turns a kept value into one whose order is the property's own: a number or a text."""
    if prop.type == "number":
        return float
    if prop.type in ("date", "datetime"):
        return str  # kept in a form whose text order is their order in time
    return str.lower


def _operand(prop: Property, rule: Filter, value: str | None) -> Any:
    if value is None or value == "":
        raise _bad_filter(rule, "value is missing")
    if prop.type not in ("number", "date", "datetime"):
        return value.lower()
    try:
        return _reader(prop)(accept(prop, value))
    except InvalidValue as refused:
        raise invalid_values([refused.problem]) from refused


def _listed(rule: Filter) -> list[str]:
    if not rule.values:
        raise _bad_filter(rule, "values is missing")
    return rule.values


def _bad_filter(rule: Filter, what: str) -> Refusal:
    message = f"Filter on {rule.property_name} with {rule.operator}: {what}"
    return invalid(message, Problem("INVALID_FILTER", message, rule.property_name))


def _known(definitions: Mapping[str, Property], name: str) -> Property:
    if name not in definitions or definitions[name].archived:
        message = f'Property "{name}" does not exist'
        raise invalid(
            "There was a problem with the request.", Problem("PROPERTY_DOESNT_EXIST", message, name)
        )
    return definitions[name]
