"""HubSpot's endpoints: one method each, its answers as models whose fields may all be null.

The only module that knows paths and bodies. Every path names the dated API version; v1 to v4 end in
2027.

Source: HubSpot's API documentation (read November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from connectors.hubspot.client import reason
from connectors.hubspot.config import HubSpotSettings
from hub.core.connector import Context, Json
from hub.core.conversion import convert
from hub.core.errors import RetryLater, StopRun
from hub.core.http import HttpClient, Response
from hub.core.pages import dig

SEARCH_PAGE = 200
LIST_PAGE = 100
BATCH = 100
"""Most records per page of a search, per page of a listing, per batch."""
ALIKE = 10
"""Addresses of one batch that HubSpot may refuse, all of them, before it counts as no matter of
theirs."""
_NOT_THERE, _INVALID = "OBJECT_NOT_FOUND", "VALIDATION_ERROR"


class CrmRecord(Struct, frozen=True):
    """A record of any kind."""

    id: str
    properties: dict[str, Any] | None = None


class Bond(Struct, frozen=True, rename={"record_id": "toObjectId"}):
    """One end of an association."""

    record_id: int | str


class Bonds(Struct, frozen=True, rename={"of": "from"}):
    """The associations of one record to one kind of record."""

    of: CrmRecord
    to: list[Bond] | None = None


class Preferences(Struct, frozen=True, rename={"email": "subscriberIdString"}):
    """What one address said about each subscription type."""

    email: str
    statuses: list[dict[str, Any]] | None = None


class Owner(Struct, frozen=True):
    """A user who can own records."""

    id: str


class Named(Struct, frozen=True):
    """A property or a property group."""

    name: str


class SubscriptionType(Struct, frozen=True):
    """A kind of e-mail that people subscribe to."""

    id: str | int
    name: str | None = None


class Filter(Struct, frozen=True, rename="camel"):
    """One condition of a search."""

    property_name: str
    operator: Literal["GT", "GTE"]
    value: str


class Update(Struct, frozen=True, rename="camel"):
    """New property values for one record; the trace comes back with its result."""

    id: str
    properties: dict[str, str]
    object_write_trace_id: str


class Draft(Struct, frozen=True, rename="camel"):
    """A record to create, bound to others from the beginning; the trace comes back with it."""

    properties: dict[str, str]
    associations: list[dict[str, Any]]
    object_write_trace_id: str


class StatusChange(Struct, frozen=True, rename="camel"):
    """One address's refusal of one subscription type."""

    subscriber_id_string: str
    subscription_id: int
    channel: str = "EMAIL"
    status_state: str = "UNSUBSCRIBED"


Statuses = list[dict[str, Any]] | None
"""What an address said about each subscription type; None if HubSpot would not tell."""
T = TypeVar("T")


class Api:
    """The endpoints that the connector uses, one method each.

    Args:
        wire: The connection's HTTP client.
        version: Dated API version.
    """

    def __init__(self, wire: HttpClient, version: str) -> None:
        self._wire = wire
        self._version = version

    @classmethod
    def of(cls, ctx: Context) -> Api:
        """The API of the connection that ``ctx`` is about."""
        settings: HubSpotSettings = ctx.config
        return cls(ctx.wire, settings.api_version)

    # Records.

    def search(
        self,
        object_type: str,
        filters: Sequence[Filter],
        properties: Sequence[str] = (),
        limit: int = SEARCH_PAGE,
    ) -> tuple[list[CrmRecord], bool]:
        """Live records by ascending id, and whether there are more of them."""
        body = {
            "filterGroups": [{"filters": filters}] if filters else [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": properties,
            "limit": limit,
            "after": "0",
        }
        answer = self._ask(f"/crm/objects/{self._version}/{object_type}/search", body)
        return _results(answer, list[CrmRecord]), _next(answer) is not None

    def archived(self, object_type: str, after: str | None) -> tuple[list[str], str | None]:
        """Ids in the recycle bin, and the token of the next page, None at the end."""
        answer = self._wire.get(
            f"/crm/objects/{self._version}/{object_type}",
            params={"archived": "true", "limit": LIST_PAGE, "after": after},
        )
        return [record.id for record in _results(answer, list[CrmRecord])], _next(answer)

    def read(
        self, object_type: str, ids: Sequence[str], properties: Sequence[str]
    ) -> list[CrmRecord]:
        """The records that exist among up to 100 ids."""
        body = {"inputs": [{"id": record_id} for record_id in ids], "properties": properties}
        path = f"/crm/objects/{self._version}/{object_type}/batch/read"
        return _results(_whole(self._ask(path, body)), list[CrmRecord])

    def update(self, object_type: str, updates: Sequence[Update]) -> Response:
        """The answer to up to 100 updates; 400 and 409 mean that the batch as a whole was refused.

        Setting the same values again has no effect, so a lost answer is asked for once more.
        """
        return self._wire.post(
            f"/crm/objects/{self._version}/{object_type}/batch/update",
            json=_plain({"inputs": updates}),
            idempotent=True,
            accept={HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT},
        )

    def create(self, object_type: str, drafts: Sequence[Draft]) -> Response:
        """The answer to up to 100 new records; 400 and 409 mean that the batch was refused whole.

        Raises:
            OutcomeUnknown: If the answer was lost: what was created twice would stand there twice.
        """
        return self._wire.post(
            f"/crm/objects/{self._version}/{object_type}/batch/create",
            json=_plain({"inputs": drafts}),
            accept={HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT},
        )

    def held(
        self, object_type: str, by: str, values: Sequence[str], properties: Sequence[str]
    ) -> list[CrmRecord]:
        """The records that have one of up to 100 values of the unique property ``by``."""
        inputs = [{"id": value} for value in values]
        body = {"inputs": inputs, "idProperty": by, "properties": [by, *properties]}
        path = f"/crm/objects/{self._version}/{object_type}/batch/read"
        return _results(_whole(self._ask(path, body)), list[CrmRecord])

    def bind(self, from_type: str, to_type: str, kind: int, pairs: Mapping[str, str]) -> None:
        """Associate records, by id; those that are associated already stay so.

        Args:
            from_type: Object type of the first ones.
            to_type: Of the others.
            kind: HubSpot's number for this kind of association.
            pairs: One to the other.
        """
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
        inputs = [{"from": {"id": a}, "to": {"id": b}, "types": types} for a, b in pairs.items()]
        path = f"/crm/associations/{self._version}/{from_type}/{to_type}/batch/create"
        self._ask(path, {"inputs": inputs})

    def owner(self, email: str) -> str | None:
        """Id of the user with that address; None if the account has none."""
        answer = self._wire.get(f"/crm/owners/{self._version}", params={"email": email})
        found = _results(answer, list[Owner])
        return found[0].id if found else None

    def associated(self, from_type: str, to_type: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """By record id, the ids of its associated ``to_type`` records, ascending."""
        path = f"/crm/associations/{self._version}/{from_type}/{to_type}/batch/read"
        answer = _whole(self._ask(path, {"inputs": [{"id": record_id} for record_id in ids]}))
        return {
            bonds.of.id: sorted((str(bond.record_id) for bond in bonds.to or []), key=_by_number)
            for bonds in _results(answer, list[Bonds])
        }

    # Consent.

    def statuses(self, emails: Sequence[str]) -> dict[str, Statuses]:
        """By address in lower case (up to 100), its status for each subscription type.

        An address that HubSpot does not take for one has None, which is not the same as no status.
        It sinks the batch, so that one is halved.

        Raises:
            RetryLater: If HubSpot failed to read some.
            StopRun: If it refuses ten addresses or more, and every one of them.
        """
        found, answer = self._statuses(emails)
        if len(emails) >= ALIKE and all(said is None for said in found.values()):
            raise StopRun(f"{answer.request}: every address was refused: {reason(answer.json)}")
        return found

    def _statuses(self, emails: Sequence[str]) -> tuple[dict[str, Statuses], Response]:
        answer = self._wire.post(
            f"/communication-preferences/{self._version}/statuses/batch/read",
            json={"inputs": list(emails)},
            params={"channel": "EMAIL"},
            idempotent=True,
            accept={HTTPStatus.BAD_REQUEST},
        )
        if answer.status < HTTPStatus.BAD_REQUEST:
            return _said(answer, emails), answer
        if len(emails) == 1:
            return {emails[0].lower(): None}, answer
        middle = len(emails) // 2
        first, second = self._statuses(emails[:middle])[0], self._statuses(emails[middle:])[0]
        return first | second, answer

    def write_statuses(self, changes: Sequence[StatusChange]) -> Response:
        """The answer to up to 100 new statuses; 400 means that the batch as a whole was refused.

        Whether they stand is for :meth:`statuses` to say.
        """
        return self._wire.post(
            f"/communication-preferences/{self._version}/statuses/batch/write",
            json=_plain({"inputs": changes}),
            idempotent=True,
            accept={HTTPStatus.BAD_REQUEST},
        )

    def subscription_types(self) -> list[SubscriptionType]:
        """The account's subscription types."""
        answer = self._wire.get(f"/communication-preferences/{self._version}/definitions")
        return _results(answer, list[SubscriptionType])

    # Property definitions.

    def properties(self, object_type: str) -> set[str]:
        """Names of the properties that exist."""
        answer = self._wire.get(f"/crm/properties/{self._version}/{object_type}")
        return {found.name for found in _results(answer, list[Named])}

    def property_groups(self, object_type: str) -> set[str]:
        """Names of the property groups that exist."""
        answer = self._wire.get(f"/crm/properties/{self._version}/{object_type}/groups")
        return {found.name for found in _results(answer, list[Named])}

    def create_group(self, object_type: str, name: str, label: str) -> None:
        """Create a property group; one that exists already is left as it is."""
        path = f"/crm/properties/{self._version}/{object_type}/groups"
        body = {"name": name, "label": label}
        self._wire.post(path, json=body, idempotent=True, accept={HTTPStatus.CONFLICT})

    def create_properties(
        self, object_type: str, definitions: Sequence[Mapping[str, Json]]
    ) -> list[str]:
        """Names of the properties created; those that exist already are not among them."""
        path = f"/crm/properties/{self._version}/{object_type}/batch/create"
        answer = self._ask(path, {"inputs": definitions})
        return [found.name for found in _results(answer, list[Named])]

    # The account.

    def details(self) -> Mapping[str, Any]:
        """Who the account is: ``portalId``, ``companyCurrency`` and more."""
        return _mapping(self._wire.get(f"/account-info/{self._version}/details"))

    def daily_usage(self) -> Sequence[Mapping[str, Any]]:
        """Requests used and allowed today."""
        path = f"/account-info/{self._version}/api-usage/daily/private-apps"
        return _results(self._wire.get(path), list[dict[str, Any]])

    def _ask(
        self, path: str, body: Mapping[str, object], params: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a POST that may be sent twice: it reads, or what it makes exists once."""
        return self._wire.post(path, json=_plain(body), params=params, idempotent=True)


def _plain(body: object) -> Any:
    return msgspec.to_builtins(body)


def _whole(answer: Response, *known: str) -> Response:
    """The answer, if what it lacks is not there: a part that could not be read is no absence.

    Args:
        answer: The answer to a batch.
        known: Further categories of error that lie with the part, not with HubSpot.

    Raises:
        RetryLater: If HubSpot failed to read some of the batch.
    """
    for category in _categories(answer):
        if category not in (_NOT_THERE, *known):
            raise RetryLater(f"{answer.request}: a part could not be read ({category})")
    return answer


def _said(answer: Response, emails: Sequence[str]) -> dict[str, Statuses]:
    """What each address said; of errors HubSpot does not tell which address they are about."""
    listed = _results(_whole(answer, _INVALID), list[Preferences])
    untold: Statuses = None if _INVALID in _categories(answer) else []
    found: dict[str, Statuses] = {email.lower(): untold for email in emails}
    return found | {each.email.lower(): each.statuses or [] for each in listed}


def _categories(answer: Response) -> list[object]:
    return [error.get("category") for error in dicts(dig(answer.json, "errors"))]


def dicts(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _results(answer: Response, kind: type[T]) -> T:
    try:
        return convert(dig(answer.json, "results"), kind)
    except msgspec.ValidationError as err:
        raise StopRun(
            f"{answer.request}: the answer is not of a form that this connector knows ({err}). "
            "Compare api_version with the versions that its README names."
        ) from err


def _mapping(answer: Response) -> Mapping[str, Any]:
    return answer.json if isinstance(answer.json, dict) else {}


def _next(answer: Response) -> str | None:
    token = dig(answer.json, "paging.next.after")
    return None if token is None else str(token)


def _by_number(record_id: str) -> tuple[int, str]:
    return (int(record_id) if record_id.isdecimal() else 0, record_id)
