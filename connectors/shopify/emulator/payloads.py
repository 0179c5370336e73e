"""What every mutation has in common: refusals come back as user errors, with HTTP 200.

Source: Shopify Admin GraphQL 2026-10, payloads; recorded answers, where ``elementIndex`` is null.
Unconfirmed: some of the paths in ``field``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.shopify.emulator.refusals import InputRefused, UserError
from connectors.shopify.emulator.request import Info, Resolver, request_of

Input = Mapping[str, Any]
Payload = Mapping[str, Any]


def mutation(act: Callable[..., Payload], *path: str, **empty: object) -> Resolver:
    """A mutation whose refusals become ``userErrors``.

    Args:
        act: Does it, and returns the payload without errors.
        path: What stands before the path that the rules name.
        empty: The payload's fields when nothing happened.
    """

    def resolve(_root: object, info: Info, **arguments: Any) -> Payload:
        try:
            return {**act(info, **arguments), "userErrors": []}
        except InputRefused as refused:
            told = [_told(error, path) for error in refused.errors]
            return {**empty, "userErrors": told}

    return resolve


def _told(error: UserError, path: Sequence[str]) -> Payload:
    field = None if error.field is None else [*path, *(_camel(name) for name in error.field)]
    return {
        "field": field,
        "message": error.message,
        "code": error.code,
        "elementIndex": None,  # the place in a list of inputs stands in ``field`` alone
    }


def _camel(name: str) -> str:
    """A name of Python's in GraphQL's spelling.

    >>> _camel("first_name")
    'firstName'
    """
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def check_spoiled(info: Info) -> None:
    """Let a mutation pass that no injected fault makes fail.

    Raises:
        InputRefused: INTERNAL_ERROR.
    """
    if request_of(info).spoiled:
        raise InputRefused(UserError("An internal error occurred.", None, "INTERNAL_ERROR"))
