"""Every table of the hub, on one page.

Conventions: instants are int64 microseconds of UTC (``…_at``); money is integer minor units;
keys that people chose are ``COLLATE "C"`` text, so that both databases sort alike; JSON is stored
as the exact bytes that were hashed. ``rid`` is the row id of a source record and everything about
a person hangs on it; ``golden_id`` is today's answer to who that person is, and moves on a merge.

    bring in   streams source_records facts order_entries consent_events quarantine
               checkpoints runs leases run_slots inbox suppressions pseudonyms
    who is who identity_keys identity_epochs links decisions golden_ids cluster_members
               identity_events golden_records golden_history
    measure    text_models profile_metrics metric_snapshots assessments risk_rises profiles
               segment_members
    follow up  cases case_answers case_events theme_mentions improvements improvement_events
               alerts
    push       connection_state plans outbox pushed_fields pushed_rows preimages withdrawals
               disclosures handovers
    prove      audit_leaves audit_frontier audit_checkpoints audit_keys
    connect    vault rate_budgets
    hand over  dirty · id_blocks meta
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big = BigInteger().with_variant(Integer(), "sqlite")
Key = Text().with_variant(Text(collation="C"), "postgresql")
Json = LargeBinary
"""JSON as the exact bytes that were hashed and signed."""


def _table(name: str, *items: SchemaItem, rowid: bool = True) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=rowid)


# --- hand over ---------------------------------------------------------------------------------

meta = _table("meta", Column("key", Key, primary_key=True), Column("value", Text, nullable=False))

id_blocks = _table(
    "id_blocks",  # hi-lo allocation: a process takes a block of row ids in a transaction of its own
    Column("name", Key, primary_key=True),
    Column("next", Big, nullable=False),
)

dirty = _table(
    "dirty",  # written by the transaction that caused it, deleted by the one that consumed it
    Column("stage", Key, primary_key=True),
    Column("key", Key, primary_key=True),
    Column("seq", Big, nullable=False),  # a row marked again while being consumed is kept
    Column("cause", Text, nullable=False),
    rowid=False,
)

# --- connect -----------------------------------------------------------------------------------

vault = _table(
    "vault",  # credentials that change while the hub runs, sealed
    Column("name", Key, primary_key=True),
    Column("key_id", Key, nullable=False),  # the key that opens it
    Column("sealed", LargeBinary, nullable=False),
    Column("updated_at", Big, nullable=False),
)

rate_budgets = _table(
    "rate_budgets",  # what processes that use one credential tell each other of its limits
    Column("credential", LargeBinary, primary_key=True),  # keyed hash
    Column("notes", Json, nullable=False),
    Column("updated_at", Big, nullable=False),
)

# --- bring in ----------------------------------------------------------------------------------

streams = _table(
    "streams",
    Column("stream_id", Big, primary_key=True, autoincrement=False),
    Column("connection", Key, nullable=False),
    Column("stream", Key, nullable=False),
    Column("entity", Key, nullable=False),
    Column("mapping", LargeBinary),  # fingerprint of the one that every stored row has been through
    UniqueConstraint("connection", "stream"),
)

source_records = _table(
    "source_records",
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("stream_id", Big, nullable=False),
    Column("source_id", Key, nullable=False),
    Column("entity", Key, nullable=False),
    Column("version", Big, nullable=False),  # 0: a place kept for a party that a fact named first
    Column("fingerprint", LargeBinary, nullable=False),  # keyed hash of the declared projection
    Column("mapping", LargeBinary, nullable=False),  # fingerprint of the mapping that was used
    Column("canonical", Json),
    Column("raw", LargeBinary),  # latest raw version; first byte says how it is packed
    Column("source_at", Big),
    Column("created_at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Column("deleted_at", Big),
    Column("merged_into", Big),
    UniqueConstraint("stream_id", "source_id"),
)

facts = _table(
    "facts",  # what happened to whom: one row per ticket, feedback, deal, interaction, …
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("party_rid", Big),
    Column("entity", Key, nullable=False),
    Column("at", Big, nullable=False),
    Index(None, "party_rid", "entity", "at"),
    Index(None, "entity", "at"),
)

order_entries = _table(
    "order_entries",  # every movement of order money; an order is the sum of its entries
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("line", Big, primary_key=True, autoincrement=False),
    Column("stream_id", Big, nullable=False),
    Column("order_ref", Key, nullable=False),
    Column("party_rid", Big),
    Column("at", Big, nullable=False),
    Column("currency", Key, nullable=False),
    Column(
        "kind", Key, nullable=False
    ),  # sale · return · refund · adjustment (shipping, tax, discount)
    Column("sku", Key),
    Column("quantity", Big, nullable=False),
    Column("amount_minor", Big, nullable=False),
    Column("positive", Boolean, nullable=False),  # quantity > 0 and unit price > 0
    Column("cancelled", Boolean, nullable=False),
    Column("channel", Key),
    Index(None, "party_rid"),
    Index(None, "stream_id", "order_ref"),
    rowid=False,
)

consent_events = _table(
    "consent_events",  # append-only
    Column("event_id", Key, primary_key=True),  # content hash
    Column("rid", Big, nullable=False),
    Column("point", LargeBinary),  # keyed hash of the e-mail or phone; NULL: the whole person
    Column("purpose", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("brand", Key, nullable=False),
    Column("decision", Key, nullable=False),
    Column("strength", Key, nullable=False),
    Column("basis", Key),
    Column("jurisdiction", Key),
    Column("notice", Key),
    Column("evidence", Text),
    Column("given_by", Key, nullable=False),
    Column("asserted_at", Big),  # when the customer decided, clamped; NULL: the source cannot say
    Column("asserted_as", Key, nullable=False),  # source, day, clamped, observed, created, unknown
    Column("observed_at", Big, nullable=False),
    Column("valid_until", Big),
    Column("origin", Key, nullable=False),  # human_act · source_sync · echo · silence
    Column("run_id", Key),
    Column("said_by", Big),  # rid of the record that said it; NULL: written before schema 0004
    Column("version", Big),  # of that record
    Index(None, "rid"),
)

quarantine = _table(
    "quarantine",
    Column("qid", Big, primary_key=True, autoincrement=False),
    Column("stream_id", Big, nullable=False),
    Column(
        "digest", LargeBinary, nullable=False
    ),  # of place and raw bytes: known bad rows count once
    Column("source_id", Key),
    Column("place", Text, nullable=False),
    Column("reason", Key, nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("state", Key, nullable=False),  # open · replayed · gone
    Column("first_at", Big, nullable=False),
    Column("last_at", Big, nullable=False),
    Column("run_id", Key, nullable=False),
    UniqueConstraint("stream_id", "digest"),
    Index(
        "ix_quarantine_open",
        "stream_id",
        "source_id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

checkpoints = _table(
    "checkpoints",
    Column("stream_id", Big, primary_key=True, autoincrement=False),
    Column("state", Json, nullable=False),
    Column("seen", LargeBinary),  # rids seen so far in an unfinished full pass, as a packed bitmap
    Column("updated_at", Big, nullable=False),
)

runs = _table(
    "runs",
    Column("run_id", Key, primary_key=True),
    Column("kind", Key, nullable=False),  # sync · resolve · metrics · push · …
    Column("connection", Key),
    Column("stream", Key),
    Column("actor", Key, nullable=False),
    Column(
        "status", Key, nullable=False
    ),  # running · succeeded · partial · failed · interrupted (ended without a word)
    Column("started_at", Big, nullable=False),
    Column("ended_at", Big),
    Column("counts", Json, nullable=False),
    Column("error", Text),
    Index(None, "connection", "started_at"),
    Index(
        "ix_runs_running",
        "connection",
        "stream",
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
)

leases = _table(
    "leases",  # who may write; the fence grows with every new holder
    Column("name", Key, primary_key=True),
    Column("holder", Key, nullable=False),
    Column("fence", Big, nullable=False),
    Column("until", Big, nullable=False),
)

run_slots = _table(
    "run_slots",  # one run per connection and scheduled instant, whatever the number of schedulers
    Column("connection", Key, primary_key=True),
    Column("slot", Big, primary_key=True, autoincrement=False),
    Column("holder", Key, nullable=False),
    Column("fence", Big, nullable=False),
    Column("until", Big, nullable=False),
    Column("status", Key, nullable=False),  # running · done · failed · refused (credential)
    Column("started_at", Big, nullable=False),
    Column("ended_at", Big),
)

inbox = _table(
    "inbox",  # what vendors pushed: each delivery once, its content until it is in the store
    Column("connection", Key, primary_key=True),
    Column("event_id", Key, primary_key=True),
    Column("webhook", Key, nullable=False),
    Column("status", Key, nullable=False),  # waiting · taken · unusable
    Column("delivery", LargeBinary),  # NULL once it no longer waits
    Column("error", Text),
    Column("received_at", Big, nullable=False),
    Column("settled_at", Big),
    Column("attempts", Big, nullable=False, server_default=text("0")),  # that failed
    Column("not_before", Big),  # when it is tried again; NULL: now
    Index(
        "ix_inbox_waiting",
        "connection",
        "received_at",
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
)

suppressions = _table(
    "suppressions",  # erased people, as keyed hashes only
    Column("digest", LargeBinary, primary_key=True),
    Column("scope", Key, nullable=False),
    Column("reason", Key, nullable=False),
    Column("at", Big, nullable=False),
)

pseudonyms = _table(
    "pseudonyms",  # random name of a source record in the audit log; dies on erasure
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("pseudonym", Key, nullable=False),
    UniqueConstraint("pseudonym"),
)

# --- who is who --------------------------------------------------------------------------------

identity_keys = _table(
    "identity_keys",
    Column("kind", Key, primary_key=True),
    Column("value", Key, primary_key=True),
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("initial", Key, nullable=False),  # of the first name: tells how many share a value
    Index(None, "rid"),
    rowid=False,
)

identity_epochs = _table(
    "identity_epochs",  # frozen weights and value frequencies
    Column("epoch", Big, primary_key=True, autoincrement=False),
    Column("model", Json, nullable=False),
    Column("frequencies", Json, nullable=False),
    Column("created_at", Big, nullable=False),
)

links = _table(
    "links",  # scored pairs at or above the review threshold, before any veto
    Column("rid_a", Big, primary_key=True, autoincrement=False),
    Column("rid_b", Big, primary_key=True, autoincrement=False),
    Column("weight", Float, nullable=False),
    Column("verdict", Key, nullable=False),  # auto · review · must · cannot
    Column("evidence", Json, nullable=False),
    Column("epoch", Big, nullable=False),
    CheckConstraint("rid_a < rid_b", name="ordered"),
    Index(None, "rid_b"),
    rowid=False,
)

decisions = _table(
    "decisions",  # steward's pair constraints on source-record keys; newest wins
    Column("decision_id", Key, primary_key=True),
    Column("kind", Key, nullable=False),  # must_link · cannot_link
    Column("key_a", Key, nullable=False),
    Column("key_b", Key, nullable=False),
    Column("actor", Key, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Big, nullable=False),
    Column("revoked_at", Big),
    Index(None, "key_a"),
    Index(None, "key_b"),
)

golden_ids = _table(
    "golden_ids",  # immutable: an id once given always resolves, or says that it was erased
    Column("golden_id", Key, primary_key=True),
    Column("status", Key, nullable=False),  # live · merged · retired · erased
    Column("redirect_to", Key),
    Column("split_from", Key),
    Column("created_at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Index(None, "redirect_to"),
)

cluster_members = _table(
    "cluster_members",
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("golden_id", Key, nullable=False),
    Column("since", Big, nullable=False),
    Index(None, "golden_id"),
)

identity_events = _table(
    "identity_events",  # created, merged, split, left, undone: the change feed of who is who
    Column("event_id", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("kind", Key, nullable=False),
    Column("golden_id", Key, nullable=False),
    Column("other_id", Key),
    Column("body", Json, nullable=False),
    Index(None, "golden_id"),
)

golden_records = _table(
    "golden_records",
    Column("golden_id", Key, primary_key=True),
    Column("entity", Key, nullable=False),
    Column("version", Big, nullable=False),
    Column("body", Json, nullable=False),  # field → value, source key, time, rule, losers
    Column("digest", LargeBinary, nullable=False),
    Column("updated_at", Big, nullable=False),
)

golden_history = _table(
    "golden_history",  # system time: what the hub believed between valid_from and valid_to
    Column("golden_id", Key, primary_key=True),
    Column("version", Big, primary_key=True, autoincrement=False),
    Column("body", Json, nullable=False),
    Column("valid_from", Big, nullable=False),
    Column("valid_to", Big),
    rowid=False,
)

# --- measure -----------------------------------------------------------------------------------

text_models = _table(
    "text_models",  # of the business's own answers, promoted or not; the newest verdict counts
    Column("model_id", Key, primary_key=True),  # hash of the coefficients
    Column("language", Key, nullable=False),
    Column("trained_at", Big, nullable=False),
    Column("card", Json, nullable=False),
    Column("body", LargeBinary, nullable=False),  # coefficients; no customer's words
)

profile_metrics = _table(
    "profile_metrics",
    Column("golden_id", Key, primary_key=True),
    Column("metric", Key, primary_key=True),
    Column("series", Key, primary_key=True),  # currency, scale, … ; empty when there is one series
    Column("value", Float),
    Column("label", Key),
    Column("n", Big, nullable=False),
    Column("status", Key, nullable=False),  # ok · insufficient · provisional · absent
    Column("definition", Key, nullable=False),
    Column("computed_at", Big, nullable=False),
    rowid=False,
)

metric_snapshots = _table(
    "metric_snapshots",  # superseded, never overwritten
    Column("snapshot_id", Key, primary_key=True),
    Column("metric", Key, nullable=False),
    Column("series", Key, nullable=False),
    Column("population", Text, nullable=False),
    Column("period_from", Big),
    Column("period_to", Big),
    Column("value", Float),
    Column("low", Float),
    Column("high", Float),
    Column("n", Big, nullable=False),
    Column("status", Key, nullable=False),
    Column("definition", Key, nullable=False),
    Column("registry", Key, nullable=False),
    Column("body", Json, nullable=False),  # detail: counts, freshness of each input
    Column("computed_at", Big, nullable=False),
    Column("superseded_at", Big),
    Index(None, "metric", "series", "computed_at"),
    Index(  # at most one number stands
        "uq_metric_snapshots_standing",
        "metric",
        "series",
        unique=True,
        sqlite_where=text("superseded_at IS NULL"),
        postgresql_where=text("superseded_at IS NULL"),
    ),
)

assessments = _table(
    "assessments",  # what a customer's timeline says
    Column("golden_id", Key, primary_key=True),
    Column("body", Json, nullable=False),
    rowid=False,
)

risk_rises = _table(
    "risk_rises",  # system time: from when the hub saw a risk become high until it saw it end
    Column("party_rid", Big, primary_key=True, autoincrement=False),  # whose: its membership
    Column("at", Big, primary_key=True, autoincrement=False),
    Column("since", Big, nullable=False),  # since when it was high, as the timeline had it then
    Column("points", Big, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("ended_at", Big),
    rowid=False,
)

profiles = _table(
    "profiles",
    Column("golden_id", Key, primary_key=True),
    Column("revision", Big, nullable=False),
    Column("body", Json, nullable=False),  # unified_profile_v1
    Column("digest", LargeBinary, nullable=False),
    Column("updated_at", Big, nullable=False),
)

segment_members = _table(
    "segment_members",  # system time: who was in what between since and until
    Column("golden_id", Key, primary_key=True),
    Column("segment", Key, primary_key=True),
    Column("since", Big, primary_key=True, autoincrement=False),
    Column("until", Big),
    Column("version", Big, nullable=False),  # of the segment's definition
    Index(None, "segment", "since"),
    Index(
        "ix_segment_members_today",
        "segment",
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
    rowid=False,
)

# --- follow up ---------------------------------------------------------------------------------

cases = _table(
    "cases",  # a customer who waits for a word, from their first bad answer until they were told
    Column("case_id", Key, primary_key=True),  # keyed hash of the answer that opened it
    Column("rid", Big, nullable=False),  # that answer
    Column("party_rid", Big, nullable=False),  # whose it is; the customer is its membership
    Column("rule", Key, nullable=False),
    Column("team", Text, nullable=False),
    Column("state", Key, nullable=False),  # open · assigned · informed · closed · suppressed
    Column("reason", Key),  # why suppressed, or how closed: resolved · declined
    Column("joined_to", Key),  # the case that goes on in its place
    Column("owner", Text),
    Column("at", Big, nullable=False),  # the customer's first answer in it: the clock starts here
    Column("opened_at", Big, nullable=False),  # when the hub heard of it
    Column("due_at", Big, nullable=False),
    Column("informed_at", Big),
    Column("message", Text),  # reference of what the customer was told
    Column("settled_at", Big),
    Column("escalated_at", Big),
    Column("steps", Big, nullable=False),  # number of its last event
    Index(None, "rid"),
    Index(None, "party_rid"),
    Index(None, "state", "due_at"),
)

case_answers = _table(
    "case_answers",  # an answer, or a ticket, is in one case at most
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("case_id", Key, nullable=False),
    Column("at", Big),  # when it asked for a reply, where its record does not say
    Column("times", Big),  # how often it had by then
    Index(None, "case_id"),
)

case_events = _table(
    "case_events",  # append-only
    Column("case_id", Key, primary_key=True),
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("kind", Key, nullable=False),
    Column("actor", Key, nullable=False),
    Column("body", Json, nullable=False),
    Column("alerted", Boolean, nullable=False),  # whether it was handed to the routes of alerts
    Index(
        "ix_case_events_unheard",
        "at",
        sqlite_where=text("alerted = 0"),
        postgresql_where=text("NOT alerted"),
    ),
    rowid=False,
)

alerts = _table(
    "alerts",  # an event on its way to one route; gone once the route has it
    Column("route", Key, primary_key=True),  # file · webhooks.NAME · emails.NAME
    Column("event", Key, primary_key=True),  # case/number: the same however often it is sent
    Column("at", Big, nullable=False),
    Column("body", Json, nullable=False),  # what is sent, fixed when it was handed over
    Column("attempts", Big, nullable=False),
    Column("batch", Key),  # the message that it travels in, once one was begun
    Column("error", Text),  # why the last attempt failed
    rowid=False,
)

theme_mentions = _table(
    "theme_mentions",  # what a text speaks of without praise; "" for every text that was read
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("theme", Key, primary_key=True),  # an aspect, or a phrase of the customer's
    Index(None, "theme"),
    rowid=False,
)

improvements = _table(
    "improvements",  # a theme that rose, and what is done about it
    Column("improvement_id", Key, primary_key=True),  # keyed hash of theme and week
    Column("theme", Key, nullable=False),
    Column("week", Big, nullable=False),  # first instant of the week in which it rose
    Column("state", Key, nullable=False),  # found · owned · acted · told · remeasured · declined
    # · withdrawn
    Column("found_at", Big, nullable=False),
    Column("evidence", Json, nullable=False),  # customers of that week and of those before
    Column("owner", Text),
    Column("owned_at", Big),
    Column("due_at", Big),
    Column("action", Text),  # what was changed
    Column("acted_at", Big),
    Column("told", Big),  # customers who were told
    Column("message", Text),  # reference of what they were told
    Column("told_at", Big),
    Column("result", Json),  # shares before and after, and the verdict
    Column("settled_at", Big),
    Column("steps", Big, nullable=False),  # number of its last event
    Index(None, "state"),
)

improvement_events = _table(
    "improvement_events",  # append-only
    Column("improvement_id", Key, primary_key=True),
    Column("number", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("kind", Key, nullable=False),
    Column("actor", Key, nullable=False),
    Column("body", Json, nullable=False),
    rowid=False,
)

# --- push --------------------------------------------------------------------------------------

connection_state = _table(
    "connection_state",
    Column("connection", Key, primary_key=True),
    Column("approved_plan", Key),
    Column("approved_at", Big),
    Column("approved_by", Key),
)

plans = _table(
    "plans",
    Column("plan_id", Key, primary_key=True),
    Column("connection", Key, nullable=False),
    Column("writer", Key, nullable=False),
    Column("status", Key, nullable=False),  # planned · approved · sent · undone
    Column("actor", Key, nullable=False),
    Column("counts", Json, nullable=False),
    Column("created_at", Big, nullable=False),
)

outbox = _table(
    "outbox",  # intent and revision, no values: the claim rebuilds and gates them
    Column("outbox_id", Big, primary_key=True, autoincrement=False),
    Column("plan_id", Key, nullable=False),
    Column("connection", Key, nullable=False),
    Column("writer", Key, nullable=False),
    Column("rid", Big, nullable=False),
    Column("golden_id", Key, nullable=False),
    Column("revision", Big, nullable=False),
    Column("status", Key, nullable=False),  # pending · claimed · done · failed · withheld · undone
    # … · refused (for good: the same content is not sent again)
    Column("rests_on", Text),  # what a refusal rests on: tried again when it differs
    Column("fields", Json, nullable=False),  # names only
    Column("payload", LargeBinary),  # HMAC of what was sent
    Column("decision", Key),
    Column("attempts", Big, nullable=False),
    Column("reference", Text),
    Column("error", Text),
    Column("updated_at", Big, nullable=False),
    Index(None, "plan_id", "status"),
    Index("ix_outbox_open", "connection", "status", sqlite_where=text("status <> 'done'")),
)

pushed_fields = _table(
    "pushed_fields",  # what the hub last wrote where: echo suppression and only-what-changed
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("writer", Key, primary_key=True),
    Column("field", Key, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("pushed_at", Big, nullable=False),
    rowid=False,
)

pushed_rows = _table(
    "pushed_rows",  # the profile revision and policy that a record last carried out of here
    Column("rid", Big, primary_key=True, autoincrement=False),
    Column("writer", Key, primary_key=True),
    Column("revision", Big, nullable=False),
    Column("policy", Key, nullable=False),
    rowid=False,
)

preimages = _table(
    "preimages",  # what stood there before, so that a push can be undone
    Column("outbox_id", Big, primary_key=True, autoincrement=False),
    Column("body", Json, nullable=False),
)

withdrawals = _table(
    "withdrawals",  # refusals on their way into the other systems that hold the person
    Column("withdrawal_id", Big, primary_key=True, autoincrement=False),
    Column("connection", Key, nullable=False),  # where it goes
    Column("rid", Big, nullable=False),  # the record there
    Column("event_id", Key, nullable=False),  # the refusal
    Column("golden_id", Key, nullable=False),
    Column("purpose", Key, nullable=False),
    Column("channel", Key, nullable=False),
    Column("point", LargeBinary),  # keyed hash of the address that was named; NULL: all of them
    Column("status", Key, nullable=False),  # pending · claimed · unconfirmed · done · failed · …
    # … · not_held (the system has no place for it) · moot (nothing is to be written)
    Column("rests_on", Text),  # what its judgement rests on: judged again when it differs
    Column("attempts", Big, nullable=False),
    Column("reference", Text),
    Column("error", Text),
    Column("created_at", Big, nullable=False),
    Column("sent_at", Big),  # the first time
    Column("echoed_at", Big),  # when its echo came back first
    Column("updated_at", Big, nullable=False),
    UniqueConstraint("rid", "event_id", "purpose", "channel"),
    Index(
        "ix_withdrawals_open",
        "connection",
        "status",
        sqlite_where=text("status NOT IN ('done', 'moot')"),
        postgresql_where=text("status NOT IN ('done', 'moot')"),
    ),
)

disclosures = _table(
    "disclosures",
    Column("outbox_id", Big, primary_key=True, autoincrement=False),
    Column("golden_id", Key, nullable=False),
    Column("rid", Big, nullable=False),
    Column("connection", Key, nullable=False),
    Column("fields", Json, nullable=False),  # field → purpose and basis
    Column("decision", Key, nullable=False),
    Column("at", Big, nullable=False),
    Index(None, "golden_id"),
)

handovers = _table(
    "handovers",  # tasks and notes that systems are handed once; no content: the claim rebuilds it
    Column("key", Key, primary_key=True),  # under which the system keeps it
    Column("kind", Key, nullable=False),  # task · note
    Column("about", Key, nullable=False),  # what it is made of, such as a case
    Column("connection", Key, nullable=False),
    Column("rid", Big),  # the record there; NULL: the customer has none
    Column("golden_id", Key),
    Column("status", Key, nullable=False),  # wanted · sending · done · refused · moot · …
    # … · nowhere (no record to hang it on) · withheld (by the gate)
    Column("over", Boolean, nullable=False),  # whether the system holds its last state
    Column("digest", LargeBinary),  # of what the system last confirmed; NULL: nothing yet
    Column("sent", LargeBinary),  # of what was sent last, or was about to be
    Column("parts", Text),  # what that was made of
    Column("outbox_id", Big),  # number of that sending, under which it is disclosed
    Column("decision", Key),
    Column("reference", Text),  # its native id there
    Column("error", Text),  # why it is not there
    Column("attempts", Big, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("sent_at", Big),
    Column("updated_at", Big, nullable=False),
    Index(None, "about"),
    Index(
        "ix_handovers_open",
        "connection",
        "kind",
        "status",
        sqlite_where=text("NOT over"),
        postgresql_where=text("NOT over"),
    ),
)

# --- prove -------------------------------------------------------------------------------------

audit_leaves = _table(
    "audit_leaves",
    Column("leaf_id", Big, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # the exact bytes that are hashed
    Column("at", Big, nullable=False),
    Column("kind", Key, nullable=False),
    Column("actor", Key, nullable=False),
    Column("subject", Key),
    Column("connection", Key),
    Column("idx", Big),  # given by the sequencer
    Column("leaf_hash", LargeBinary),
    Index(  # partial, so that SQLite looks for waiting leaves in the index made for it
        "uq_audit_leaves_idx",
        "idx",
        unique=True,
        sqlite_where=text("idx IS NOT NULL"),
        postgresql_where=text("idx IS NOT NULL"),
    ),
    Index(
        "ix_audit_leaves_unsequenced",
        "at",
        "leaf_id",
        sqlite_where=text("idx IS NULL"),
        postgresql_where=text("idx IS NULL"),
    ),
    Index(None, "subject"),
)

audit_frontier = _table(
    "audit_frontier",
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("size", Big, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("updated_at", Big, nullable=False),
)

audit_checkpoints = _table(
    "audit_checkpoints",
    Column("size", Big, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),  # C2SP signed note
    Column("at", Big, nullable=False),
    Column("key_id", Key, nullable=False),
)

audit_keys = _table(
    "audit_keys",
    Column("key_id", Key, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("retired_at", Big),
)
