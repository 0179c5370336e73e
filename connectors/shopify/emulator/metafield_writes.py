"""``metafieldsSet`` and ``metafieldsDelete``.

A list of metafields takes effect whole or not at all; every error names its element.

Source: Shopify Admin GraphQL 2026-10, descriptions of the two mutations and of their error codes.
Recorded answers for 25 at once, for stale digests and for the place of an error. Unconfirmed: the
other wordings, and which of several errors is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.shopify.emulator.metafield_types import TYPES, InvalidValue, accept, size
from connectors.shopify.emulator.metafields import (
    APP_NAMESPACE,
    Definition,
    Metafield,
    owner_type_of,
)
from connectors.shopify.emulator.refusals import InputRefused, UserError
from connectors.shopify.emulator.shop import STREAMS, Shop
from hub.emulation.effects import Actor

MOST_AT_ONCE = 25
_NAME = re.compile(r"[A-Za-z0-9_-]*")
_LENGTHS = {"namespace": (3, 255), "key": (2, 64)}
_DIGEST = re.compile(r"[0-9a-f]{64}")
Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One metafield as it is to be, and as it is."""

    owner_id: str
    namespace: str
    key: str
    type: str
    value: str
    known: Metafield | None


def set_metafields(
    shop: Shop, inputs: Sequence[Input], *, actor: Actor, spoiled: int = 0
) -> list[Metafield]:
    """The metafields as they are now.

    Args:
        shop: Where.
        inputs: As ``MetafieldsSetInput``.
        actor: Who writes.
        spoiled: How many of the last elements a fault makes fail.

    Raises:
        InputRefused: If any element is not acceptable; nothing changed then.
    """
    _check_number(inputs)

    def sound(given: Input, index: int) -> _Wanted:
        if index >= len(inputs) - spoiled:
            raise refused("An internal error occurred.", "value", "INTERNAL_ERROR")
        if _owner(shop, given["ownerId"]) is None:
            raise InputRefused(_NO_OWNER)
        return _wanted(shop, given)

    return _written(shop, _each(inputs, sound), actor)


def check_metafields(shop: Shop, inputs: Sequence[Input]) -> None:
    """Let metafields pass that an owner who is about to be made may have.

    Raises:
        InputRefused: If any element is not acceptable.
    """
    _check_number(inputs)
    _each(inputs, lambda given, _: _wanted(shop, given))


def _each(inputs: Sequence[Input], read: Callable[[Input, int], _Wanted]) -> list[_Wanted]:
    wanted: list[_Wanted] = []
    errors: list[UserError] = []
    for index, given in enumerate(inputs):
        try:
            wanted.append(read(given, index))
        except InputRefused as refused:
            errors += [_placed(error, "metafields", index) for error in refused.errors]
    if errors:
        raise InputRefused(*errors)
    return wanted


def delete_metafields(
    shop: Shop, inputs: Sequence[Input], *, actor: Actor
) -> list[Mapping[str, str] | None]:
    """The identifiers of what is gone now; None where there was nothing.

    Raises:
        InputRefused: If an owner does not exist; nothing changed then.
    """
    for index, given in enumerate(inputs):
        if _owner(shop, given["ownerId"]) is None:
            raise InputRefused(_placed(_NO_OWNER, "metafields", index))
    gone = [
        shop.metafields.remove(given["ownerId"], namespace_of(given["namespace"]), given["key"])
        for given in inputs
    ]
    _log(shop, [metafield for metafield in gone if metafield is not None], actor)
    return [
        {"ownerId": m.owner_id, "namespace": m.namespace, "key": m.key} if m else None for m in gone
    ]


def namespace_of(given: str | None) -> str:
    """The namespace that an input means; ``$app`` is the app's own.

    >>> namespace_of("cxhub"), namespace_of(None), namespace_of("$app:facts")
    ('cxhub', 'app--4242', 'app--4242--facts')
    """
    if not given or given == "$app":
        return APP_NAMESPACE
    return given.replace("$app:", f"{APP_NAMESPACE}--", 1)


# --- values ----------------------------------------------------------------------------------

_NO_OWNER = UserError("Owner does not exist.", ["ownerId"], "INVALID")


def refused(message: str, field: str, code: str) -> InputRefused:
    """The refusal of one input field."""
    return InputRefused(UserError(message, [field], code))


def _placed(error: UserError, name: str, index: int) -> UserError:
    """The error of one element, as an error of the list."""
    field = [name, str(index), *(error.field or ())]
    return replace(error, field=field)


def _check_number(inputs: Sequence[Input]) -> None:
    if len(inputs) > MOST_AT_ONCE:
        message = f"Exceeded the maximum metafields input limit of {MOST_AT_ONCE}."
        raise refused(message, "metafields", "LESS_THAN_OR_EQUAL_TO")


def _owner(shop: Shop, owner_id: str) -> Any:
    owner = shop.find(owner_id)
    return owner if owner_type_of(owner_id) in ("CUSTOMER", "ORDER", "PRODUCT", "SHOP") else None


def _wanted(shop: Shop, given: Input) -> _Wanted:
    """1. the name, 2. the type, 3. the value, 4. what others hold, 5. the digest."""
    # 1
    owner_id, namespace, key = given["ownerId"], namespace_of(given.get("namespace")), given["key"]
    check_names(namespace, key)
    # 2
    definition = shop.metafields.definitions.get((owner_type_of(owner_id), namespace, key))
    kind = _type(given.get("type"), definition)
    # 3
    value = _value(kind, given["value"], definition)
    # 4
    wanted = _Wanted(
        owner_id, namespace, key, kind, value, shop.metafields.get(owner_id, namespace, key)
    )
    if definition is not None and definition.unique:
        _check_unique(shop, definition, wanted)
    # 5
    if "compareDigest" in given:
        _compare(given["compareDigest"], wanted)
    return wanted


def check_names(namespace: str, key: str) -> None:
    """Let a namespace and a key pass that Shopify allows.

    Raises:
        InputRefused: If one is too short, too long, or has other characters.
    """
    for field, name in (("namespace", namespace), ("key", key)):
        shortest, longest = _LENGTHS[field]
        told = field.capitalize()
        if len(name) < shortest:
            said = f"{told} is too short (minimum is {shortest} characters)"
            raise refused(said, field, "TOO_SHORT")
        if len(name) > longest:
            said = f"{told} is too long (maximum is {longest} characters)"
            raise refused(said, field, "TOO_LONG")
        if not _NAME.fullmatch(name):
            raise refused(f"{told} contains one or more invalid characters.", field, "INVALID")


def _type(given: str | None, definition: Definition | None) -> str:
    if definition is not None:
        if given not in (None, definition.type):
            said = f"Type must be consistent with the definition's type: {definition.type}."
            raise refused(said, "type", "INVALID_TYPE")
        return definition.type
    if not given:
        raise refused("Type can't be blank", "type", "BLANK")
    if given not in TYPES:
        said = f"Type must be one of the following: {', '.join(sorted(TYPES))}."
        raise refused(said, "type", "INCLUSION")
    return given


def _value(kind: str, given: str, definition: Definition | None) -> str:
    if not given:
        raise refused("Value can't be blank.", "value", "BLANK")
    try:
        value = accept(kind, given)
        for name, rule in definition.validations if definition else ():
            _check_rule(kind, value, name, rule)
    except InvalidValue as err:
        code = "TOO_LONG" if "too long" in str(err) else "INVALID_VALUE"
        raise refused(str(err), "value", code) from err
    return value


def _check_rule(kind: str, value: str, name: str, rule: str) -> None:
    if name == "regex" and not re.fullmatch(rule, value):
        raise InvalidValue(f"Value does not match the regex {rule}.")
    if name == "choices" and value not in json.loads(rule):
        raise InvalidValue(f"Value does not exist in provided choices: {rule}.")
    if name == "min" and size(kind, value) < size("number_decimal", rule):
        raise InvalidValue(f"Value has a minimum of {rule}.")
    if name == "max" and size(kind, value) > size("number_decimal", rule):
        raise InvalidValue(f"Value has a maximum of {rule}.")


def _check_unique(shop: Shop, definition: Definition, wanted: _Wanted) -> None:
    holders = {m.owner_id for m in shop.metafields.under(definition) if m.value == wanted.value}
    if holders - {wanted.owner_id}:
        raise refused("Value must be unique.", "value", "CAPABILITY_VIOLATION")


def _compare(digest: str | None, wanted: _Wanted) -> None:
    """Let a write pass whose author knew the present value; None says that there was none.

    Recorded answers: a value that stands there already passes whatever its author knew, and the
    error names the element, not the digest.
    """
    if digest is not None and not _DIGEST.fullmatch(digest):
        said = "The compareDigest is invalid."
        raise refused(said, "compareDigest", "INVALID_COMPARE_DIGEST")
    known = wanted.known
    if known is not None and (known.type, known.value) == (wanted.type, wanted.value):
        return
    if digest != (known.compare_digest if known else None):
        said = (
            "The resource has been updated since it was loaded. Try again with an updated "
            "`compareDigest` value."
        )
        raise InputRefused(UserError(said, [], "STALE_OBJECT"))


def _written(shop: Shop, wanted: Iterable[_Wanted], actor: Actor) -> list[Metafield]:
    written, changed = [], []
    for each in wanted:
        known = shop.metafields.get(each.owner_id, each.namespace, each.key)
        if known is not None and (known.type, known.value) == (each.type, each.value):
            written.append(known)
            continue
        now = shop.now()
        metafield = Metafield(
            number=known.number if known else shop.next_number(),
            owner_id=each.owner_id,
            namespace=each.namespace,
            key=each.key,
            type=each.type,
            value=each.value,
            created_at=known.created_at if known else now,
            updated_at=now,
        )
        shop.metafields.put(metafield)
        written.append(metafield)
        changed.append(metafield)
    _log(shop, changed, actor)
    return written


def _log(shop: Shop, changed: Iterable[Metafield], actor: Actor) -> None:
    """One effect per owner; metafields do not move the time at which their owner changed."""
    fields: dict[str, list[str]] = {}
    for metafield in changed:
        fields.setdefault(metafield.owner_id, []).append(f"{metafield.namespace}.{metafield.key}")
    for owner_id, names in fields.items():
        owner = shop.find(owner_id)
        stream = STREAMS.get(getattr(owner, "kind", ""), "shop")
        shop.effects.append("update", stream, owner_id, names, actor=actor)
