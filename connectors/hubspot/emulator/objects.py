"""Endpoints of single records: list, get, create, update, archive, merge, erase, search."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.associations import UNLABELLED
from connectors.hubspot.emulator.bodies import (
    ErasureRequest,
    MergeRequest,
    NewAssociation,
    NewRecord,
    RecordPatch,
    parse,
)
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.refusals import (
    Problem,
    invalid,
    method_not_allowed,
    not_found,
)
from connectors.hubspot.emulator.wire import (
    NO_CONTENT,
    Answer,
    Call,
    record_json,
    with_associations,
)

MAX_PAGE = 100
MAX_PAGE_WITH_HISTORY = 50


def list_records(account: Account, call: Call) -> Answer:
    """One page of records by ascending id."""
    table = account.table(call.path["object_type"])
    limit = _limit(call)
    after = _cursor(call.query.get("after") or "0")
    records = list(islice(table.in_order(after, archived=call.flag("archived")), limit + 1))
    page = [_shown(account, table, record, call) for record in records[:limit]]
    body: dict[str, object] = {"results": page}
    if len(records) > limit:
        following = records[limit - 1].id
        body["paging"] = {"next": {"after": following, "link": f"?after={following}"}}
    return Answer(body)


def get_record(account: Account, call: Call) -> Answer:
    """One record, by id or by a unique property."""
    table = account.table(call.path["object_type"])
    record = account.record(
        table,
        call.path["record_id"],
        call.query.get("idProperty", ""),
        archived=call.flag("archived"),
    )
    return Answer(_shown(account, table, record, call))


def create_record(account: Account, call: Call) -> Answer:
    """The new record."""
    table = writable_table(account, call, "POST")
    new = parse(NewRecord, call.body)
    targets = association_targets(account, new.associations)
    record = account.create(table, new.properties, actor="api", dated=call.dated)
    associate(account, table, record, targets)
    return Answer(record_json(table, record, list(record.properties)), 201)


def update_record(account: Account, call: Call) -> Answer:
    """The record with its new values."""
    table = writable_table(account, call, "PATCH")
    patch = parse(RecordPatch, call.body)
    record_id, id_property = call.path["record_id"], call.query.get("idProperty", "")
    record = account.record(table, record_id, id_property)
    account.update(table, record, patch.properties, actor="api", dated=call.dated)
    return Answer(record_json(table, record, list(record.properties)))


def archive_record(account: Account, call: Call) -> Answer:
    """Nothing; archiving what is already archived succeeds without effect."""
    table = writable_table(account, call, "DELETE")
    record_id = call.path["record_id"]
    if account.find(table, record_id, archived=True) is None:
        account.archive(table, account.record(table, record_id), actor="api")
    return NO_CONTENT


def merge_records(account: Account, call: Call) -> Answer:
    """The surviving record."""
    table = writable_table(account, call, "POST")
    request = parse(MergeRequest, call.body)
    primary = account.record(table, request.primary_object_id)
    other = account.record(table, request.object_id_to_merge)
    account.merge(table, primary, other, actor="api")
    return Answer(record_json(table, primary, list(primary.properties)))


def erase_contact(account: Account, call: Call) -> Answer:
    """Nothing; the contact is gone and its address blocked."""
    if account.table(call.path["object_type"]).kind.name != "contacts":
        raise not_found()
    request = parse(ErasureRequest, call.body)
    account.erase(request.object_id, request.id_property, actor="api")
    return NO_CONTENT


# --- parts that batches share ----------------------------------------------------------------


def writable_table(account: Account, call: Call, method: str) -> RecordTable:
    """The records that the path names, if programs may write them.

    Raises:
        Refusal: 405 for kinds that are read-only over the API.
    """
    table = account.table(call.path["object_type"])
    if not table.kind.writable:
        raise method_not_allowed(method)
    return table


def association_targets(
    account: Account, wanted: Sequence[NewAssociation]
) -> list[tuple[str, str]]:
    """The records that a new one is to be bound to.

    Raises:
        Refusal: 400 if one of them does not exist or the kind of bond is unknown.
    """
    return [_target(account, association) for association in wanted]


def _target(account: Account, association: NewAssociation) -> tuple[str, str]:
    numbers = {kind.association_type_id for kind in association.types}
    for (_, to_type), number in UNLABELLED.items():
        if number in numbers and account.tables[to_type].get(association.to.id):
            return (to_type, association.to.id)
    message = f"No object with id {association.to.id} for association types {sorted(numbers)}"
    raise invalid(message, Problem("INVALID_ASSOCIATION", message))


def associate(
    account: Account, table: RecordTable, record: Record, targets: Sequence[tuple[str, str]]
) -> None:
    """Bind a new record to others."""
    for target in targets:
        account.associations.link((table.kind.name, record.id), target)


def _shown(account: Account, table: RecordTable, record: Record, call: Call) -> dict[str, object]:
    history = call.listed("propertiesWithHistory")
    body = record_json(table, record, call.listed("properties"), history)
    return with_associations(account, table, body, call.listed("associations"))


def _limit(call: Call) -> int:
    most = MAX_PAGE_WITH_HISTORY if call.listed("propertiesWithHistory") else MAX_PAGE
    text = call.query.get("limit", "10")
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise invalid(f"limit must be between 1 and {most}, got {text}")
    return int(text)


def _cursor(after: str) -> int:
    if not after.isdecimal():
        raise invalid("The after parameter is not a cursor of this endpoint")
    return int(after)
