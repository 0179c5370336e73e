"""Writes profile fields to customers as metafields, by global id.

1. Read what the customers hold. A value that stands there already is not sent, so that a batch
   whose answer got lost may come again.
2. Whole customers into calls of 25 metafields: a call takes effect whole or not at all.
3. Each value goes with the digest of the one that was read; a call fails if somebody changed it.
4. A call that is refused is halved until the bad customer stands alone.
5. A customer whose values changed in between is read again: it is done if it holds what was to be
   written, else it comes with the next plan.

Fields are cleared by deleting their metafields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
Send = Callable[[Sequence[Mapping[str, object]]], Sequence[Row]]
"""Sends up to 25 metafields and returns their errors."""

BATCH = 200
"""Customers that are sent together: enough to fill calls, few enough to be out within seconds."""

_STALE = frozenset({"STALE_OBJECT", "INVALID_COMPARE_DIGEST"})
_TEMPORARY = frozenset({"INTERNAL_ERROR"})


@dataclass(frozen=True, slots=True)
class _Part:
    """Metafields of one change that are sent together."""

    change: Change
    inputs: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a change was not made: Shopify's codes, and the metafields that they name."""

    codes: frozenset[str]
    told: str


Refusals = dict[str, _Refusal]
"""By trace."""


def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """What Shopify said about each change."""
    api, changes = Api(ctx), [released.value for released in batch]
    held = _held(api, changes)  # 1
    there = [change for change in changes if change.native_id in held]
    refusals: Refusals = {}
    refusals |= _sent(api.set_metafields, _sets(there, held))
    refusals |= _sent(api.delete_metafields, _deletes(there, held))
    refusals = _reconsidered(api, there, refusals)  # 5
    return [_result(change, held, refusals) for change in changes]


def _held(api: Api, changes: Iterable[Change]) -> Held:
    chosen = list(changes)
    names = sorted({full_name(name) for change in chosen for name in change.values})
    found = api.held_metafields([change.native_id for change in chosen], names)
    return {
        owner: {_name(each): each for each in metafields} for owner, metafields in found.items()
    }


def _name(metafield: Row) -> str:
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
        yield from _parts(change, inputs)


def _digest(owned: Mapping[str, Row], name: str) -> str | None:
    """3. What stands there, as Shopify compares it; None says that nothing does."""
    return text(owned.get(full_name(name), {}), "compareDigest")


def _deletes(changes: Iterable[Change], held: Held) -> Iterator[_Part]:
    for change in changes:
        missing = _missing(change, held)
        cleared = [name for name, value in missing.items() if value is None]
        inputs = [{"ownerId": change.native_id, **address(name)} for name in cleared]
        yield from _parts(change, inputs)


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


def _parts(change: Change, inputs: Sequence[Mapping[str, object]]) -> Iterator[_Part]:
    for start in range(0, len(inputs), SETS):
        yield _Part(change, tuple(inputs[start : start + SETS]))


def _sent(send: Send, parts: Iterable[_Part]) -> Refusals:
    """2. The refusals of all parts, in as few calls as whole customers fit into."""
    refusals: Refusals = {}
    call: list[_Part] = []
    for part in parts:
        if sum(len(each.inputs) for each in call) + len(part.inputs) > SETS:
            refusals |= _called(send, call)
            call = []
        call.append(part)
    return refusals | _called(send, call)


def _called(send: Send, call: Sequence[_Part]) -> Refusals:
    inputs = [each for part in call for each in part.inputs]
    errors = send(inputs) if inputs else ()
    if not errors:
        return {}
    if len(call) == 1:
        return {call[0].change.trace: _refusal(errors, inputs)}
    middle = len(call) // 2  # 4
    return _called(send, call[:middle]) | _called(send, call[middle:])


def _refusal(errors: Sequence[Row], inputs: Sequence[Mapping[str, object]]) -> _Refusal:
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


def _reconsidered(api: Api, changes: Iterable[Change], refusals: Refusals) -> Refusals:
    stale = {trace for trace, refusal in refusals.items() if refusal.codes & _STALE}
    doubtful = [change for change in changes if change.trace in stale]
    if not doubtful:
        return refusals
    held = _held(api, doubtful)
    done = {each.trace for each in doubtful if not _missing(each, held)}
    return {trace: refusal for trace, refusal in refusals.items() if trace not in done}


def _result(change: Change, held: Held, refusals: Refusals) -> RowResult:
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
