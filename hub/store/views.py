"""What BI tools read: four views with flat, documented columns, equal on both databases.

Their names carry a version. Within ``v1`` columns are only added, never changed or removed, while
the tables below may move. ``hub.store.view_sql`` makes them; docs/reference/views.md is written
from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number", "boolean", "list", "instant", "hash"]


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """One column of a view.

    Args:
        name: Its name.
        kind: ``list`` is JSON text, ``hash`` is hex text, ``instant`` is ISO 8601 text in UTC,
            which both databases sort and cast alike.
        says: What it holds.
        source: ``section.field`` of the profile, ``table.column``, ``table.column.path`` within a
            column of JSON, or a constant of SQL.
    """

    name: str
    kind: Kind
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class View:
    """A view: its columns, and where they come from.

    Args:
        name: Its name, with the version.
        says: What one row is.
        branches: The SELECTs that are united: columns, and what follows FROM.
    """

    name: str
    says: str
    branches: tuple[tuple[tuple[ViewColumn, ...], str], ...]

    @property
    def columns(self) -> tuple[ViewColumn, ...]:
        """The columns, as every branch has them."""
        return self.branches[0][0]


def _of(origin: str, *rows: tuple[str, Kind, str]) -> tuple[ViewColumn, ...]:
    """Columns that are called like the fields of a section, or the columns of a table."""
    return tuple(ViewColumn(name, kind, says, f"{origin}.{name}") for name, kind, says in rows)


def _named(*rows: tuple[str, Kind, str, str]) -> tuple[ViewColumn, ...]:
    """Columns with names of their own, each with the field that it shows."""
    return tuple(ViewColumn(*row) for row in rows)


PROFILES = View(
    "v1_profiles",
    "One row per customer: the values of `unified_profile_v1`. Where a value comes from, and how"
    " sure it is, stands in `hub profiles show` and `hub profiles export`.",
    (
        (
            (
                *_of(
                    "profiles",
                    ("golden_id", "text", "Golden id"),
                    ("revision", "integer", "Grows with every change of the profile"),
                    ("updated_at", "instant", "When the profile last changed"),
                ),
                *_of(
                    "who",
                    ("name", "text", "Name of person or organisation"),
                    ("given_name", "text", "Given name"),
                    ("family_name", "text", "Family name"),
                    ("title", "text", "Title"),
                    ("organisation", "text", "Organisation"),
                    ("job_title", "text", "Job title"),
                    ("language", "text", "Language"),
                    ("owner", "text", "Who looks after them"),
                    ("email", "text", "Surviving e-mail address"),
                    ("phone", "text", "Surviving phone number, E.164"),
                    ("address", "text", "Surviving address on one line"),
                    ("emails", "list", "All e-mail addresses"),
                    ("phones", "list", "All phone numbers"),
                    ("age_band", "text", "Ten-year band, such as 30-39"),
                    ("source_records", "list", "Source keys of their records"),
                ),
                *_of(
                    "relationship",
                    ("lifecycle", "text", "lead, new, active, dormant or churned"),
                    ("loyalty", "text", "retained, repeat or advocate"),
                    ("tier", "text", "Loyalty tier"),
                    ("points", "number", "Loyalty points"),
                    ("first_seen", "text", "First order, ticket, answer or other event"),
                    ("last_seen", "text", "Last order, ticket, answer or other event"),
                    ("channels", "list", "Channels used"),
                    ("preferred_channel", "text", "Most used channel"),
                    ("segments", "list", "Segments they are in, in the order of the files"),
                ),
                *_of(
                    "value",
                    ("orders", "integer", "Number of orders"),
                    ("net_spend", "number", "Net spend, major units"),
                    ("currency", "text", "Currency of the money columns"),
                    ("aov", "number", "Average order value, major units"),
                    ("last_order_at", "text", "Last order"),
                    ("rfm", "text", "Recency, frequency, monetary, 1-5 each"),
                    ("clv_historic", "number", "Historic lifetime value, major units"),
                    ("clv_predicted", "number", "Predicted lifetime value, major units"),
                    ("open_cart", "integer", "Total of the open cart, minor units"),
                    ("returns", "integer", "Number of returns"),
                ),
                *_of(
                    "service",
                    ("open_tickets", "integer", "Open tickets"),
                    ("recent_tickets", "integer", "Tickets of the last 30 days"),
                    ("reopens", "integer", "Re-opens over all tickets"),
                    ("agents", "integer", "Agents involved"),
                    ("first_reply_seconds", "integer", "First reply to the last ticket, seconds"),
                    ("resolution_seconds", "integer", "Resolution of the last ticket, seconds"),
                    ("unresolved", "text", "Subject of the oldest open ticket"),
                ),
                *_of(
                    "voice",
                    ("nps", "number", "Last answer, 0-10"),
                    ("nps_at", "text", "When it was given"),
                    ("csat", "number", "Last answer, on its own scale"),
                    ("csat_at", "text", "When it was given"),
                    ("ces", "number", "Last answer, 1-7"),
                    ("ces_at", "text", "When it was given"),
                    ("verbatim", "text", "Last comment"),
                    ("sentiment_trend", "number", "Latest texts against those before, -2..2"),
                ),
                *_of(
                    "risk",
                    ("churn", "text", "Churn by the configured horizon"),
                    ("recent_return", "boolean", "Returned something within 14 days"),
                    ("open_complaint", "boolean", "A ticket is open"),
                    ("unresolved_detractor", "boolean", "NPS 0-6, and nobody told"),
                    ("health", "integer", "How they fare, 0-100; empty if unknown"),
                    ("health_colour", "text", "green, amber, red or unknown"),
                    ("in_dispute", "boolean", "A ticket or an order speaks of a dispute"),
                    ("next_action", "text", "What to do next, or none"),
                ),
                *_named(
                    (
                        "risk_points",
                        "integer",
                        "Points that speak for leaving, 0-100",
                        "risk.points",
                    ),
                    ("risk_band", "text", "low, medium, high, unknown or left", "risk.band"),
                    ("risk_coverage", "integer", "Percent of what could be seen", "risk.coverage"),
                    ("risk_reasons", "list", "Why, heaviest first", "risk.reasons"),
                    ("risk_reason", "text", "The heaviest, or none", "risk.top_reason"),
                    ("hold_marketing", "boolean", "Marketing is held", "suppress.marketing"),
                    ("hold_reason", "text", "Why it is held, or none", "suppress.reason"),
                    ("hold_until", "text", "Until when, if that is known", "suppress.until"),
                    ("value_band", "text", "Fifth of buyers by net spend, or none", "value.band"),
                    ("unanswered", "integer", "Answers that wait for a word", "voice.unanswered"),
                ),
                ViewColumn(
                    "permissions", "text", "Consent by purpose and channel", "permission.summary"
                ),
                *_of(
                    "permission",
                    ("do_not_contact", "boolean", "No contact at all"),
                    ("restricted", "boolean", "Processing is restricted"),
                    ("refusals", "integer", "Purposes and channels that were refused"),
                ),
                ViewColumn("context_card", "text", "The five lines an agent needs", "card.text"),
            ),
            "profiles",
        ),
    ),
)

CONSENT = View(
    "v1_consent",
    "One row per event of the consent ledger, as it was appended. What the events add up to stands"
    " in `v1_profiles.permissions` and in `hub consent show`.",
    (
        (
            (
                *_of("consent_events", ("event_id", "text", "Content hash of the event")),
                *_of("cluster_members", ("golden_id", "text", "Today's customer; empty if none")),
                *_of(
                    "streams",
                    ("connection", "text", "Connection of the record it is about"),
                    ("stream", "text", "Stream of that record"),
                ),
                *_of("source_records", ("source_id", "text", "Source id of that record")),
                *_of(
                    "consent_events",
                    ("point", "hash", "Keyed hash of the address; empty: the whole person"),
                    ("purpose", "text", "Purpose, or * for all"),
                    ("channel", "text", "Channel, or * for all"),
                    ("brand", "text", "Brand"),
                    ("decision", "text", "grant, deny, withdraw, object, restrict, ..."),
                    ("strength", "text", "confirmed, single, inferred, imported or unknown"),
                    ("basis", "text", "Lawful basis that the source named"),
                    ("jurisdiction", "text", "Jurisdiction"),
                    ("notice", "text", "Notice that was shown"),
                    ("given_by", "text", "self, parent or agent"),
                    ("asserted_at", "instant", "When the customer decided, if that is known"),
                    ("asserted_as", "text", "How that time is known"),
                    ("observed_at", "instant", "When the hub saw it"),
                    ("valid_until", "instant", "End of validity"),
                    ("origin", "text", "human_act, source_sync, echo or silence"),
                ),
            ),
            "consent_events"
            " JOIN source_records ON source_records.rid = consent_events.rid"
            " JOIN streams ON streams.stream_id = source_records.stream_id"
            " LEFT JOIN cluster_members ON cluster_members.rid = consent_events.rid",
        ),
    ),
)


def _metrics(table: str, constants: Mapping[str, str]) -> tuple[ViewColumn, ...]:
    rows: tuple[tuple[str, Kind, str], ...] = (
        ("level", "text", "overall or profile"),
        ("golden_id", "text", "Customer; empty for overall values"),
        ("metric", "text", "Metric id: see `hub metrics describe`"),
        ("series", "text", "Currency, scale or summary; empty if there is one"),
        ("value", "number", "The value, in the metric's unit; money in minor units"),
        ("low", "number", "Lower end of the interval"),
        ("high", "number", "Upper end of the interval"),
        ("label", "text", "For metrics that are words"),
        ("n", "integer", "Observations behind it"),
        ("status", "text", "ok, provisional or insufficient"),
        ("definition", "text", "Metric id and version of its definition"),
        ("population", "text", "Who and what counts"),
        ("period_from", "instant", "First instant of the data"),
        ("period_to", "instant", "Last instant of the data"),
        ("computed_at", "instant", "When it was computed"),
    )
    pair: tuple[tuple[str, Kind, str, str], ...] = (
        ("pair", "text", "Metric of satisfaction that a time is never told without", "metric"),
        ("pair_value", "number", "Its value in percent, of the same customers", "value"),
    )
    return (
        *(
            ViewColumn(name, kind, says, constants.get(name, f"{table}.{name}"))
            for name, kind, says in rows
        ),
        *(
            ViewColumn(name, kind, says, constants.get(name, f"{table}.body.pair.{part}"))
            for name, kind, says, part in pair
        ),
    )


METRICS = View(
    "v1_metrics",
    "One row per current value: the overall ones with interval and population, and those of each"
    " customer. A value without enough behind it is empty, and its status says so.",
    (
        (
            _metrics(
                "metric_snapshots", {"level": "'overall'", "golden_id": "NULL", "label": "NULL"}
            ),
            "metric_snapshots WHERE metric_snapshots.superseded_at IS NULL",
        ),
        (
            _metrics(
                "profile_metrics",
                {"level": "'profile'"}
                | dict.fromkeys(("low", "high", "population", "period_from", "period_to"), "NULL")
                | dict.fromkeys(("pair", "pair_value"), "NULL"),
            ),
            "profile_metrics",
        ),
    ),
)

SEGMENTS = View(
    "v1_segments",
    "One row per customer, segment and unbroken time in it, by what the hub knew then. Who is in a"
    " segment now has no `until`. A customer who was merged keeps the rows of their former id.",
    (
        (
            _of(
                "segment_members",
                ("segment", "text", "Segment: see `hub segments show`"),
                ("golden_id", "text", "Customer, as they were called then"),
                ("version", "integer", "Version of the segment's definition"),
                ("since", "instant", "When they entered"),
                ("until", "instant", "When they had left; empty while they are in it"),
            ),
            "segment_members",
        ),
    ),
)

VIEWS = (PROFILES, CONSENT, METRICS, SEGMENTS)
