"""Endpoints of associations: read, create and cut in batches, and list those of one record.

v3 names a bond by text (``contact_to_company``) and reads ``{to: [{id, type}]}``; v4 and the dated
versions name it by number and read ``{to: [{toObjectId, associationTypes}]}``.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.associations import UNLABELLED, Node, type_name
from connectors.hubspot.emulator.bodies import (
    AssociationBatch,
    IdBatch,
    RecordId,
    check_batch_size,
    parse,
)
from connectors.hubspot.emulator.refusals import Refusal, invalid
from connectors.hubspot.emulator.wire import NO_CONTENT, Answer, Call, batch_answer

MAX_READ = 1000
MAX_WRITE = 2000


def read_associations(account: Account, call: Call) -> Answer:
    """The bonds of up to 1,000 records; records without any are listed as errors."""
    from_type, to_type = _types(account, call)
    inputs = parse(IdBatch, call.body).inputs
    check_batch_size(inputs, MAX_READ)
    results, errors = [], []
    for item in inputs:
        ids = account.associations.of((from_type, item.id), to_type)
        if ids:
            bonds = [_bond(call, from_type, to_type, i) for i in ids]
            results.append({"from": {"id": item.id}, "to": bonds})
        else:
            errors.append(_none_found(from_type, to_type, item.id))
    return batch_answer(account, call, results, errors)


def create_associations(account: Account, call: Call) -> Answer:
    """The new bonds."""
    pairs = list(_pairs(account, call))
    missing = [node for pair in pairs for node in pair if not _exists(account, node)]
    if missing:
        raise invalid(f"Some records do not exist: {sorted({record for _, record in missing})}")
    for one, other in pairs:
        if account.associations.link(one, other):
            account.effects.append("associate", one[0], one[1], (other[1],))
    return batch_answer(account, call, [_created(pair) for pair in pairs], status=201)


def cut_associations(account: Account, call: Call) -> Answer:
    """Nothing; bonds that do not exist are passed over."""
    for one, other in _pairs(account, call):
        if account.associations.unlink(one, other):
            account.effects.append("dissociate", one[0], one[1], (other[1],))
    return NO_CONTENT


def list_associations(account: Account, call: Call) -> Answer:
    """The bonds of one record to one kind of record."""
    table = account.table(call.path["object_type"])
    to_type = account.table(call.path["to_type"]).kind.name
    record = account.record(table, call.path["record_id"])
    ids = account.associations.of((table.kind.name, record.id), to_type)
    return Answer({"results": [_bond(call, table.kind.name, to_type, i) for i in ids]})


def _types(account: Account, call: Call) -> tuple[str, str]:
    from_type = account.table(call.path["from_type"]).kind.name
    to_type = account.table(call.path["to_type"]).kind.name
    if (from_type, to_type) not in UNLABELLED:
        raise invalid(f"{from_type} cannot be associated with {to_type}")
    return from_type, to_type


def _pairs(account: Account, call: Call) -> Iterable[tuple[Node, Node]]:
    from_type, to_type = _types(account, call)
    inputs = parse(AssociationBatch, call.body).inputs
    check_batch_size(inputs, MAX_WRITE)
    for item in inputs:
        targets = [item.to] if isinstance(item.to, RecordId) else item.to
        for target in targets:
            yield (from_type, item.from_.id), (to_type, target.id)


def _exists(account: Account, node: Node) -> bool:
    object_type, record_id = node
    return account.tables[object_type].get(record_id) is not None


def _bond(call: Call, from_type: str, to_type: str, record_id: str) -> dict[str, object]:
    if call.version == "v3":
        return {"id": record_id, "type": type_name(from_type, to_type)}
    number = UNLABELLED[from_type, to_type]
    kind = {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}
    return {"toObjectId": int(record_id), "associationTypes": [kind]}


def _created(pair: tuple[Node, Node]) -> dict[str, object]:
    (from_type, from_id), (to_type, to_id) = pair
    return {
        "from": {"id": from_id},
        "to": {"id": to_id},
        "type": type_name(from_type, to_type),
    }


def _none_found(from_type: str, to_type: str, record_id: str) -> Refusal:
    bond = type_name(from_type, to_type)
    return Refusal(
        404,
        "OBJECT_NOT_FOUND",
        f"No {bond} association is known for {record_id}.",
        context={"fromObjectId": [record_id]},
        extra={"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"},
    )
