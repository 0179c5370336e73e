"""The streams: how each is read, what its rows are, and which of them are gone."""

from __future__ import annotations

from connectors.zendesk import mapping, notes, tasks
from connectors.zendesk.api import Api, Export
from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.fields import FIELDS, ORGANIZATION_FIELDS, OWNED, names
from connectors.zendesk.reader import AnswerList, CursorExport, RowsOf, TimeExport
from connectors.zendesk.rows import (
    AUTHOR_ROLE,
    IDENTITIES,
    KEY,
    METRIC_SETS,
    OFFERED,
    REQUESTER,
    TICKET,
    comments,
    flat,
    offered,
    organization_field,
    permissions,
    user_field,
    with_identities,
    with_metrics,
)
from hub.core.connector import Feed, FullPass, Row, Since, Stream
from hub.core.records import (
    ConsentSignal,
    Feedback,
    Message,
    Organisation,
    Person,
    Ticket,
)

HELD_BACK = 60
"""Seconds that Zendesk leaves out of its exports, so that nothing commits behind a cursor.

Source: Zendesk, "Using the Incremental Exports API" (read November 2026).
"""

_BOOKKEEPING = frozenset({"url", "updated_at", "last_login_at", "generated_timestamp"})
_CHANGED = Since("updated_at", lookback=HELD_BACK, ordered=False)


def streams(settings: ZendeskSettings) -> tuple[Stream, ...]:
    """Everything that is read. A user's permissions are a record of their own beside it."""
    return (
        _users(settings),
        _organizations(settings),
        _tickets(settings),
        _comments(settings),
        _ratings(settings),
        _survey_responses(settings),
        _user_consents(settings),
    )


# --- people and organisations ----------------------------------------------------------------


def _users(settings: ZendeskSettings) -> Stream:
    owned = [*names(FIELDS), *(key for key in settings.consent_keys if key.startswith(OWNED))]
    return Stream(
        name="users",
        entity=Person,
        map=lambda row: mapping.person(row, settings),
        key=KEY,
        reader=_users_export(_user_rows, IDENTITIES),
        cursor=_CHANGED,
        deletes=Feed(),
        ignore=_BOOKKEEPING | set(map(user_field, owned)),  # the hub's own writes
        updated="updated_at",
        mapping_version=mapping.version(settings),
    )


def _user_consents(settings: ZendeskSettings) -> Stream:
    def rows_of(_api: Api, page: Export) -> list[Row]:
        return [permissions(flat(user), settings.consent_keys) for user in page.rows]

    return Stream(
        name="user_consents",
        entity=ConsentSignal,
        map=lambda row: mapping.permissions(row, settings),
        key=KEY,
        reader=_users_export(rows_of),
        cursor=_CHANGED,
        deletes=Feed(),
        ignore=_BOOKKEEPING,
        updated="updated_at",
        mapping_version=mapping.version(settings),
    )


def _users_export(rows_of: RowsOf, include: str = "") -> CursorExport:
    """Reads users: the people themselves, and what they permitted, come the same way."""
    return CursorExport("users", include, rows_of, _is_inactive, gone_list="deleted_users")


def _user_rows(_api: Api, page: Export) -> list[Row]:
    return with_identities(page.rows, page.sides.get(IDENTITIES, ()))


def _is_inactive(row: Row) -> bool:
    """Deleted, or merged into another user: Zendesk does not say which."""
    return row.get("active") is False


def _organizations(settings: ZendeskSettings) -> Stream:
    return Stream(
        name="organizations",
        entity=Organisation,
        map=lambda row: mapping.organisation(row, settings),
        key=KEY,
        reader=TimeExport(
            kind="organizations",
            name="organizations",
            lookback=settings.lookback,
            rows_of=_organization_rows,
            is_gone=lambda row: bool(row.get("deleted_at")),
            alive_list="organizations",
        ),
        cursor=Since("updated_at", lookback=settings.lookback, ordered=False),
        deletes=FullPass(),
        ignore=_BOOKKEEPING | set(map(organization_field, names(ORGANIZATION_FIELDS))),
        updated="updated_at",
        mapping_version=mapping.version(settings),
    )


def _organization_rows(_api: Api, page: Export) -> list[Row]:
    return [flat(organization) for organization in page.rows]


# --- service ---------------------------------------------------------------------------------


def _tickets(settings: ZendeskSettings) -> Stream:
    return Stream(
        name="tickets",
        entity=Ticket,
        map=lambda row: mapping.ticket(row, settings),
        key=KEY,
        reader=_TICKETS_EXPORT,
        cursor=_CHANGED,
        deletes=Feed(),
        ignore=_BOOKKEEPING,
        updated="updated_at",
        mapping_version=mapping.version(settings),
    )


def _ticket_rows(_api: Api, page: Export) -> list[Row]:
    """The page's tickets with their metrics, without the work that the hub itself handed over."""
    tickets = [row for row in page.rows if not tasks.is_own(row)]
    return with_metrics(tickets, page.sides.get(METRIC_SETS, ()))


_TICKETS_EXPORT = CursorExport(
    "tickets", METRIC_SETS, _ticket_rows, is_gone=lambda row: row.get("status") == "deleted"
)


def _comments(settings: ZendeskSettings) -> Stream:
    """Comments by the export of ticket events: one call per 1,000 events, not one per ticket."""
    return Stream(
        name="comments",
        entity=Message,
        map=mapping.message,
        key=KEY,
        reader=TimeExport(
            kind="ticket_events",
            name="ticket_events",
            lookback=settings.lookback,
            rows_of=_comment_rows,
            is_gone=lambda _row: False,
            include="comment_events",
        ),
        cursor=Since("created_at", lookback=settings.lookback, ordered=False),
        deletes=FullPass(),
        updated="created_at",
        mapping_version=mapping.version(settings),
    )


def _comment_rows(api: Api, page: Export) -> list[Row]:
    """The page's comments, each with its ticket's requester and its author's role.

    The hub's own notes are none of them, nor is what agents say about the work it handed over.
    """
    said = [comment for event in page.rows for comment in comments(event)]
    rows = [row for row in said if notes.key_of(row) is None]
    tickets = {item.get(KEY): item for item in api.read("tickets", _ids(rows, TICKET))}
    rows = [row for row in rows if not tasks.is_own(tickets.get(row[TICKET], {}))]
    authors = {item.get(KEY): item for item in api.read("users", _ids(rows, "author_id"))}
    for row in rows:
        row[REQUESTER] = tickets.get(row[TICKET], {}).get("requester_id")
        row[AUTHOR_ROLE] = authors.get(row.get("author_id"), {}).get("role")
    return rows


def _ids(rows: list[Row], name: str) -> set[str]:
    return {str(row.get(name)) for row in rows}


# --- what customers said ---------------------------------------------------------------------


def _ratings(settings: ZendeskSettings) -> Stream:
    return Stream(
        name="satisfaction_ratings",
        entity=Feedback,
        map=mapping.rating,
        key=KEY,
        reader=AnswerList(
            path="satisfaction_ratings",
            name="satisfaction_ratings",
            start="start_time",
            in_millis=False,
            offered="created_at",
            window=settings.answers_within,
        ),
        cursor=Since("created_at", lookback=settings.answers_within, ordered=False),
        deletes=FullPass(),
        ignore=frozenset({"url"}),
        updated="updated_at",
        mapping_version=mapping.version(settings),
    )


def _survey_responses(settings: ZendeskSettings) -> Stream:
    return Stream(
        name="survey_responses",
        entity=Feedback,
        map=lambda row: mapping.survey_response(row, settings),
        key=KEY,
        reader=AnswerList(
            path="guide/survey_responses",
            name="survey_responses",
            start="filter[created_at_start]",
            in_millis=True,
            offered=OFFERED,
            window=settings.answers_within,
            row_of=offered,
        ),
        cursor=Since(OFFERED, lookback=settings.answers_within, ordered=False),
        deletes=FullPass(),
        mapping_version=mapping.version(settings),
    )
