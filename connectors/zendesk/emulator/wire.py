"""A call as the endpoints receive it, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import QueryParams

from connectors.zendesk.emulator.access import Caller
from connectors.zendesk.emulator.refusals import invalid_attribute, too_many_values

MAX_VALUES = 100
"""Records that one request may name or carry.

Source: Zendesk, "Users" and "Organizations" API reference (read November 2026).
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, past authentication and limits.

    Args:
        base: Scheme and host that the client used, for the URLs in answers.
        path: The path as the client wrote it, with ``.json`` or without.
        parameters: Parameters of the path.
        query: Parameters of the query.
        body: The JSON body; ``{}`` without one.
        caller: Whose credential it is.
        headers: Of the request, names in lower case.
        spoiled: How many records of a batch an injected fault makes fail.
    """

    base: str
    path: str
    parameters: Mapping[str, str]
    query: QueryParams
    body: object
    caller: Caller
    headers: Mapping[str, str] = field(default_factory=dict)
    spoiled: int = 0

    @property
    def url(self) -> str:
        """The address of this endpoint, without a query."""
        return self.base + self.path

    @property
    def stream(self) -> str:
        """The list that the cursors of this endpoint belong to."""
        return self.path.removesuffix(".json")

    def id(self, name: str) -> int:
        """A record id from the path.

        Raises:
            Refusal: 400 if it is no number.
        """
        text = self.parameters[name]
        if not text.isdecimal():
            raise invalid_attribute("id", "an integer")
        return int(text)

    def number(self, name: str) -> int | None:
        """A whole number from the query; None if it is absent.

        Raises:
            Refusal: 400 if it is none.
        """
        text = self.query.get(name)
        if text is None:
            return None
        if not text.isdecimal():
            raise invalid_attribute(name, "an integer")
        return int(text)

    def listed(self, name: str) -> list[str]:
        """A comma-separated list from the query.

        Raises:
            Refusal: 400 if it names more records than one request may.
        """
        values = [item.strip() for item in self.query.get(name, "").split(",") if item.strip()]
        if len(values) > MAX_VALUES:
            raise too_many_values(MAX_VALUES)
        return values

    def ids(self) -> list[int]:
        """The record ids that the query names.

        Raises:
            Refusal: 400 if there is none, or one that is no number.
        """
        named = self.listed("ids")
        if not named or not all(key.isdecimal() for key in named):
            raise invalid_attribute("ids", "a list of ids")
        return [int(key) for key in named]

    def flag(self, name: str) -> bool:
        """A boolean of the query; absent is false."""
        return self.query.get(name, "false").lower() == "true"

    def includes(self) -> Sequence[str]:
        """The side-loads that are asked for."""
        return [item.strip() for item in self.query.get("include", "").split(",")]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; ``body`` is None for 204."""

    body: Mapping[str, object] | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
