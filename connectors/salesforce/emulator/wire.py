"""A call as the endpoints receive it, and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.salesforce.emulator.values import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One request, past authentication and limits.

    Args:
        version: As in the path, such as ``v67.0``; empty where the path has none.
        path: Parameters of the path.
        query: Parameters of the query.
        headers: Headers, names in lower case.
        body: The JSON body; None without one.
        base_url: Under which address the org was reached.
        spoiled: Errors that an injected fault makes items of a batch fail with.
    """

    version: str
    path: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    base_url: str = ""
    spoiled: Sequence[str] = ()

    def option(self, header: str, name: str) -> str:
        """One option of a header such as ``Sforce-Query-Options: batchSize=200``; may be empty."""
        parts = (part.partition("=") for part in self.headers.get(header, "").split(","))
        found = {key.strip().lower(): value.strip() for key, _, value in parts}
        return found.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; ``body`` is None for 204."""

    body: Json
    status: int = 200


NO_CONTENT = Answer(None, 204)


def attributes(version: str, kind: str, record_id: str) -> dict[str, str]:
    """What stands at the head of every record that the API shows."""
    return {"type": kind, "url": f"/services/data/{version}/sobjects/{kind}/{record_id}"}
