"""Writes profile fields to customers as metafields, by global id.

1. Read what the customers hold. A value that stands there already is not sent, so that a batch
   whose answer got lost may come again.
2. Calls are filled with 25 metafields; a customer may begin in one and end in the next.
3. Each value goes with the digest of the one that was read; a call fails if somebody changed it.
4. A call takes effect whole or not at all; a refused one is halved until the bad customer stands
   alone.
5. A customer whose values changed in between is read again: it is done if it holds what was to be
   written, else it comes with the next plan.
6. A refused customer holds nothing half: what another call wrote to it is taken back.

Fields are cleared by deleting their metafields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.shopify.api import SETS, Api
from connectors.shopify.fields import (
    FIELDS,
    address,
    definition,
    full_name,
    kept_value,
    metafield_value,
)
from hub.core.connector import Change, Context, OutField, Row, RowResult, Value, Writer
from hub.core.errors import StopRun
from hub.core.released import Released
from hub.core.values import text

Held = Mapping[str, Mapping[str, Row]]
"""By customer id and ``namespace.key``, the metafields that are set."""
Input = Mapping[str, Any]
"""What Shopify is told of one metafield."""
Send = Callable[[Sequence[Input]], Sequence[Row]]
"""Sends up to 25 metafields and returns their errors."""

BATCH = 200
"""Customers that are sent together: enough to fill calls, few enough to be out within seconds."""

_STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST"})
_TEMPORARY = frozenset({"INTERNAL_ERROR"})


@dataclass(frozen=True, slots=True)
class _Part:
    """Metafields of one change that are sent together."""

    trace: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a change was not made: Shopify's codes, and the metafields that they name."""

    codes: frozenset[str]
    told: str


@dataclass(slots=True)
class _Outcome:
    """What became of a batch, by trace."""

    refusals: dict[str, _Refusal] = field(default_factory=dict)
    made: dict[str, list[Input]] = field(default_factory=dict)


def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """What Shopify said about each change."""
    api, changes = Api(ctx), [released.value for released in batch]
    held = _held(api, changes)  # 1
    there = [change for change in changes if change.native_id in held]
    outcome = _Outcome()
    _send_all(api.set_metafields, _sets(there, held), outcome)
    _send_all(api.delete_metafields, _deletes(there, held), outcome)
    _reconsider(api, there, outcome)  # 5
    _take_back(api, outcome, held)  # 6
    return [_result(change, held, outcome.refusals) for change in changes]


def _held(api: Api, changes: Iterable[Change]) -> Held:
    return _look(
        api, [(each.native_id, full_name(name)) for each in changes for name in each.values]
    )


def _look(api: Api, places: Sequence[tuple[str, str]]) -> Held:
    """What stands in places, each a customer and a metafield."""
    owners = list(dict.fromkeys(owner for owner, _ in places))
    found = api.held_metafields(owners, sorted({name for _, name in places}))
    return {
        owner: {_name(each): each for each in metafields} for owner, metafields in found.items()
    }


def _name(metafield: Mapping[str, Any]) -> str:
    return f"{metafield.get('namespace')}.{metafield.get('key')}"


def _sets(changes: Iterable[Change], held: Held) -> Iterator[_Part]:
    for change in changes:
        inputs = [
            {
                "ownerId": change.native_id,
                **address(name),
                "value": value,
                "compareDigest": _digest(held[change.native_id], name),
            }
            for name, value in _missing(change, held).items()
            if value is not None
        ]
        yield _Part(change.trace, tuple(inputs))


def _digest(owned: Mapping[str, Row], name: str) -> str | None:
    """3. What stands there, as Shopify compares it; None says that nothing does."""
    return text(owned.get(full_name(name), {}), "compareDigest")


def _deletes(changes: Iterable[Change], held: Held) -> Iterator[_Part]:
    for change in changes:
        missing = _missing(change, held)
        cleared = [name for name, value in missing.items() if value is None]
        inputs = [{"ownerId": change.native_id, **address(name)} for name in cleared]
        yield _Part(change.trace, tuple(inputs))


def _missing(change: Change, held: Held) -> dict[str, str | None]:
    """The values that do not stand there yet; None where one is to be cleared."""
    owned = held.get(change.native_id, {})
    wanted = {name: metafield_value(value) for name, value in change.values.items()}
    return {name: value for name, value in wanted.items() if not _stands(owned, name, value)}


def _stands(owned: Mapping[str, Row], name: str, wanted: str | None) -> bool:
    found = owned.get(full_name(name))
    if found is None or wanted is None:
        return found is None and wanted is None
    return kept_value(found) == kept_value({**found, "value": wanted})


def _send_all(send: Send, parts: Iterable[_Part], outcome: _Outcome) -> None:
    for call in _filled(parts):
        _send(send, call, outcome)


def _filled(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """2. Calls without an empty place, but for the last."""
    call: list[_Part] = []
    free = SETS
    for part in parts:
        rest = part.inputs
        while rest:
            call.append(_Part(part.trace, rest[:free]))
            rest, free = rest[free:], free - len(call[-1].inputs)
            if not free:
                yield call
                call, free = [], SETS
    if call:
        yield call


def _send(send: Send, call: Sequence[_Part], outcome: _Outcome) -> None:
    inputs = [each for part in call for each in part.inputs]
    errors = send(inputs)
    if not errors:
        for part in call:
            outcome.made.setdefault(part.trace, []).extend(part.inputs)
    elif len(call) == 1:
        outcome.refusals[call[0].trace] = _refusal(errors, inputs)
    else:
        middle = len(call) // 2  # 4
        _send(send, call[:middle], outcome)
        _send(send, call[middle:], outcome)


def _refusal(errors: Sequence[Row], inputs: Sequence[Input]) -> _Refusal:
    """Codes and metafields; Shopify's sentences may quote values."""
    told = []
    for error in errors:
        code, place = str(error.get("code") or "refused"), _place(error)
        at = inputs[place] if place is not None and place < len(inputs) else None
        told.append(f"{code} in {at['namespace']}.{at['key']}" if at else code)
    codes = frozenset(str(error.get("code")) for error in errors)
    return _Refusal(codes, "; ".join(dict.fromkeys(told)))


def _place(error: Row) -> int | None:
    """Which input an error is about: by its index, else by the second part of its path."""
    index, path = error.get("elementIndex"), error.get("field")
    if isinstance(index, int):
        return index
    named = path[1] if isinstance(path, list) and len(path) > 1 else None
    return int(named) if isinstance(named, str) and named.isdecimal() else None


def _reconsider(api: Api, changes: Iterable[Change], outcome: _Outcome) -> None:
    stale = {trace for trace, refusal in outcome.refusals.items() if refusal.codes & _STALE}
    doubtful = [change for change in changes if change.trace in stale]
    if not doubtful:
        return
    held = _held(api, doubtful)
    for change in doubtful:
        if not _missing(change, held):
            del outcome.refusals[change.trace]


def _take_back(api: Api, outcome: _Outcome, before: Held) -> None:
    half = outcome.refusals.keys() & outcome.made.keys()
    made = [_Part(trace, tuple(outcome.made[trace])) for trace in sorted(half)]
    if not made:
        return
    now = _look(api, [_place_of(one) for part in made for one in part.inputs])
    undone = _Outcome()
    _send_all(api.set_metafields, _restorations(made, before, now), undone)
    _send_all(api.delete_metafields, _removals(made, before, now), undone)
    for trace in undone.refusals:
        refusal = outcome.refusals[trace]
        outcome.refusals[trace] = replace(refusal, told=f"{refusal.told}; a part of it stands")


def _restorations(made: Iterable[_Part], before: Held, now: Held) -> Iterator[_Part]:
    """What had another value."""
    for part in made:
        inputs = []
        for one in _still_ours(part, now):
            owner, name = _place_of(one)
            if former := before[owner].get(name):
                digest = _digest(now[owner], name)
                inputs.append({**one, "value": former["value"], "compareDigest": digest})
        yield _Part(part.trace, tuple(inputs))


def _removals(made: Iterable[_Part], before: Held, now: Held) -> Iterator[_Part]:
    """What was not there."""
    for part in made:
        inputs = []
        for one in _still_ours(part, now):
            owner, name = _place_of(one)
            if name not in before[owner]:
                inputs.append({"ownerId": owner, **address(name)})
        yield _Part(part.trace, tuple(inputs))


def _still_ours(part: _Part, now: Held) -> Iterator[Input]:
    """What nobody changed since it was written."""
    for one in part.inputs:
        owner, name = _place_of(one)
        if owner in now and _stands(now[owner], name, one.get("value")):
            yield one


def _place_of(one: Input) -> tuple[str, str]:
    return str(one["ownerId"]), _name(one)


def _result(change: Change, held: Held, refusals: Mapping[str, _Refusal]) -> RowResult:
    if change.native_id not in held:
        return RowResult(change.trace, ok=False, error="there is no such customer any more")
    refusal = refusals.get(change.trace)
    if refusal is None:
        return RowResult(change.trace, ok=True)
    again = bool(refusal.codes & (_STALE | _TEMPORARY))
    return RowResult(change.trace, ok=False, error=refusal.told, retryable=again)


def read(ctx: Context, ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Value]]:
    """Current values by customer id; ids that no longer exist are left out."""
    found = Api(ctx).held_metafields(ids, [full_name(name) for name in names])
    return {owner: _values(metafields, names) for owner, metafields in found.items()}


def _values(metafields: Sequence[Row], names: Sequence[str]) -> dict[str, Value]:
    owned = {_name(each): kept_value(each) for each in metafields}
    return {name: owned.get(full_name(name)) for name in names}


def provision(ctx: Context, fields: Sequence[OutField]) -> Sequence[str]:
    """Names of the metafields that had no definition and now have one."""
    api = Api(ctx)
    present = api.definitions()
    missing = [field for field in fields if full_name(field.name) not in present]
    return [field.name for field in missing if _defined(ctx, api, field)]


def _defined(ctx: Context, api: Api, field: OutField) -> bool:
    """Whether the definition was made now; False if another process was faster.

    Shopify pins 20 definitions to the customer page at most; later ones stand below them.

    Raises:
        StopRun: If Shopify refuses it.
    """
    codes = _refused_definition(api, field, pinned=True)
    if codes == {"PINNED_LIMIT_REACHED"}:
        codes = _refused_definition(api, field, pinned=False)
    if codes - {"TAKEN"}:
        raise StopRun(
            f"{ctx.connection}: the metafield {field.name} cannot be defined: "
            f"{', '.join(sorted(codes))}. Look at Settings > Custom data > Customers"
        )
    return not codes


def _refused_definition(api: Api, field: OutField, *, pinned: bool) -> set[str]:
    return {str(error.get("code")) for error in api.define(definition(field, pinned=pinned))}


PROFILES = Writer(
    name="profiles",
    stream="customers",
    fields=FIELDS,
    batch=BATCH,
    write=write,
    read=read,
    provision=provision,
    idempotency="native",  # a value that stands there already is not sent again
)
