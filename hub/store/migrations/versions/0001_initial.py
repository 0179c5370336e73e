"""The first schema, as it was; ``hub.store.schema`` is what it is today."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit_checkpoints",
        sa.Column("size", BIG, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("key_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_audit_checkpoints"),
    )
    op.create_table(
        "audit_frontier",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_frontier"),
    )
    op.create_table(
        "audit_keys",
        sa.Column("key_id", KEY, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("retired_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_audit_keys"),
    )
    op.create_table(
        "audit_leaves",
        sa.Column("leaf_id", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=True),
        sa.Column("connection", KEY, nullable=True),
        sa.Column("idx", BIG, nullable=True),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_id", name="pk_audit_leaves"),
    )
    op.create_index("ix_audit_leaves_subject", "audit_leaves", ["subject"], unique=False)
    op.create_index(
        "ix_audit_leaves_unsequenced",
        "audit_leaves",
        ["at", "leaf_id"],
        unique=False,
        sqlite_where=sa.text("idx IS NULL"),
        postgresql_where=sa.text("idx IS NULL"),
    )
    op.create_index(
        "uq_audit_leaves_idx",
        "audit_leaves",
        ["idx"],
        unique=True,
        sqlite_where=sa.text("idx IS NOT NULL"),
        postgresql_where=sa.text("idx IS NOT NULL"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("stream_id", BIG, autoincrement=False, nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("seen", sa.LargeBinary(), nullable=True),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name="pk_checkpoints"),
    )
    op.create_table(
        "cluster_members",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("since", BIG, nullable=False),
        sa.PrimaryKeyConstraint("rid", name="pk_cluster_members"),
    )
    op.create_index("ix_cluster_members_golden_id", "cluster_members", ["golden_id"], unique=False)
    op.create_table(
        "connection_state",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("approved_plan", KEY, nullable=True),
        sa.Column("approved_at", BIG, nullable=True),
        sa.Column("approved_by", KEY, nullable=True),
        sa.PrimaryKeyConstraint("connection", name="pk_connection_state"),
    )
    op.create_table(
        "consent_events",
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("point", sa.LargeBinary(), nullable=True),
        sa.Column("purpose", KEY, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("brand", KEY, nullable=False),
        sa.Column("decision", KEY, nullable=False),
        sa.Column("strength", KEY, nullable=False),
        sa.Column("basis", KEY, nullable=True),
        sa.Column("jurisdiction", KEY, nullable=True),
        sa.Column("notice", KEY, nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("given_by", KEY, nullable=False),
        sa.Column("asserted_at", BIG, nullable=True),
        sa.Column("asserted_as", KEY, nullable=False),
        sa.Column("observed_at", BIG, nullable=False),
        sa.Column("valid_until", BIG, nullable=True),
        sa.Column("origin", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=True),
        sa.PrimaryKeyConstraint("event_id", name="pk_consent_events"),
    )
    op.create_index("ix_consent_events_rid", "consent_events", ["rid"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("key_a", KEY, nullable=False),
        sa.Column("key_b", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("revoked_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("decision_id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_key_a", "decisions", ["key_a"], unique=False)
    op.create_index("ix_decisions_key_b", "decisions", ["key_b"], unique=False)
    op.create_table(
        "dirty",
        sa.Column("stage", KEY, nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "key", name="pk_dirty"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "disclosures",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("decision", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_disclosures"),
    )
    op.create_index("ix_disclosures_golden_id", "disclosures", ["golden_id"], unique=False)
    op.create_table(
        "facts",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("party_rid", BIG, nullable=True),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("rid", name="pk_facts"),
    )
    op.create_index("ix_facts_entity_at", "facts", ["entity", "at"], unique=False)
    op.create_index(
        "ix_facts_party_rid_entity_at", "facts", ["party_rid", "entity", "at"], unique=False
    )
    op.create_table(
        "golden_history",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("version", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", BIG, nullable=False),
        sa.Column("valid_to", BIG, nullable=True),
        sa.PrimaryKeyConstraint("golden_id", "version", name="pk_golden_history"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "golden_ids",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("redirect_to", KEY, nullable=True),
        sa.Column("split_from", KEY, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("golden_id", name="pk_golden_ids"),
    )
    op.create_index("ix_golden_ids_redirect_to", "golden_ids", ["redirect_to"], unique=False)
    op.create_table(
        "golden_records",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("golden_id", name="pk_golden_records"),
    )
    op.create_table(
        "id_blocks",
        sa.Column("name", KEY, nullable=False),
        sa.Column("next", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_id_blocks"),
    )
    op.create_table(
        "identity_epochs",
        sa.Column("epoch", BIG, autoincrement=False, nullable=False),
        sa.Column("model", sa.LargeBinary(), nullable=False),
        sa.Column("frequencies", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("epoch", name="pk_identity_epochs"),
    )
    op.create_table(
        "identity_events",
        sa.Column("event_id", BIG, autoincrement=False, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_identity_events"),
    )
    op.create_index("ix_identity_events_golden_id", "identity_events", ["golden_id"], unique=False)
    op.create_table(
        "identity_keys",
        sa.Column("kind", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("initial", KEY, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "rid", name="pk_identity_keys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identity_keys_rid", "identity_keys", ["rid"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("received_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("connection", "event_id", name="pk_inbox"),
    )
    op.create_table(
        "leases",
        sa.Column("name", KEY, nullable=False),
        sa.Column("holder", KEY, nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "links",
        sa.Column("rid_a", BIG, autoincrement=False, nullable=False),
        sa.Column("rid_b", BIG, autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("verdict", KEY, nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", BIG, nullable=False),
        sa.CheckConstraint("rid_a < rid_b", name="ck_links_ordered"),
        sa.PrimaryKeyConstraint("rid_a", "rid_b", name="pk_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_links_rid_b", "links", ["rid_b"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "metric_snapshots",
        sa.Column("snapshot_id", KEY, nullable=False),
        sa.Column("metric", KEY, nullable=False),
        sa.Column("series", KEY, nullable=False),
        sa.Column("population", sa.Text(), nullable=False),
        sa.Column("period_from", BIG, nullable=True),
        sa.Column("period_to", BIG, nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("n", BIG, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("registry", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("computed_at", BIG, nullable=False),
        sa.Column("superseded_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("snapshot_id", name="pk_metric_snapshots"),
    )
    op.create_index(
        "ix_metric_snapshots_metric_series_computed_at",
        "metric_snapshots",
        ["metric", "series", "computed_at"],
        unique=False,
    )
    op.create_index(
        "uq_metric_snapshots_standing",
        "metric_snapshots",
        ["metric", "series"],
        unique=True,
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "order_entries",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("line", BIG, autoincrement=False, nullable=False),
        sa.Column("stream_id", BIG, nullable=False),
        sa.Column("order_ref", KEY, nullable=False),
        sa.Column("party_rid", BIG, nullable=True),
        sa.Column("at", BIG, nullable=False),
        sa.Column("currency", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("sku", KEY, nullable=True),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("positive", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("channel", KEY, nullable=True),
        sa.PrimaryKeyConstraint("rid", "line", name="pk_order_entries"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_entries_party_rid", "order_entries", ["party_rid"], unique=False)
    op.create_index(
        "ix_order_entries_stream_id_order_ref",
        "order_entries",
        ["stream_id", "order_ref"],
        unique=False,
    )
    op.create_table(
        "outbox",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("writer", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("decision", KEY, nullable=True),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["connection", "status"],
        unique=False,
        sqlite_where=sa.text("status <> 'done'"),
    )
    op.create_index("ix_outbox_plan_id_status", "outbox", ["plan_id", "status"], unique=False)
    op.create_table(
        "plans",
        sa.Column("plan_id", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("writer", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", name="pk_plans"),
    )
    op.create_table(
        "preimages",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_preimages"),
    )
    op.create_table(
        "profile_metrics",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("metric", KEY, nullable=False),
        sa.Column("series", KEY, nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("label", KEY, nullable=True),
        sa.Column("n", BIG, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("computed_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("golden_id", "metric", "series", name="pk_profile_metrics"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "profiles",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("golden_id", name="pk_profiles"),
    )
    op.create_table(
        "pseudonyms",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("pseudonym", KEY, nullable=False),
        sa.PrimaryKeyConstraint("rid", name="pk_pseudonyms"),
        sa.UniqueConstraint("pseudonym", name="uq_pseudonyms_pseudonym"),
    )
    op.create_table(
        "pushed_fields",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("writer", KEY, nullable=False),
        sa.Column("field", KEY, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("pushed_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("rid", "writer", "field", name="pk_pushed_fields"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pushed_rows",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("writer", KEY, nullable=False),
        sa.Column("revision", BIG, nullable=False),
        sa.Column("policy", KEY, nullable=False),
        sa.PrimaryKeyConstraint("rid", "writer", name="pk_pushed_rows"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("qid", BIG, autoincrement=False, nullable=False),
        sa.Column("stream_id", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("source_id", KEY, nullable=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", KEY, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("first_at", BIG, nullable=False),
        sa.Column("last_at", BIG, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("qid", name="pk_quarantine"),
        sa.UniqueConstraint("stream_id", "digest", name="uq_quarantine_stream_id_digest"),
    )
    op.create_index(
        "ix_quarantine_open",
        "quarantine",
        ["stream_id", "source_id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "run_slots",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("slot", BIG, autoincrement=False, nullable=False),
        sa.Column("holder", KEY, nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("connection", "slot", name="pk_run_slots"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=True),
        sa.Column("stream", KEY, nullable=True),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("started_at", BIG, nullable=False),
        sa.Column("ended_at", BIG, nullable=True),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index(
        "ix_runs_connection_started_at", "runs", ["connection", "started_at"], unique=False
    )
    op.create_table(
        "source_records",
        sa.Column("rid", BIG, autoincrement=False, nullable=False),
        sa.Column("stream_id", BIG, nullable=False),
        sa.Column("source_id", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("mapping", sa.LargeBinary(), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("source_at", BIG, nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("deleted_at", BIG, nullable=True),
        sa.Column("merged_into", BIG, nullable=True),
        sa.PrimaryKeyConstraint("rid", name="pk_source_records"),
        sa.UniqueConstraint("stream_id", "source_id", name="uq_source_records_stream_id_source_id"),
    )
    op.create_table(
        "streams",
        sa.Column("stream_id", BIG, autoincrement=False, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("stream", KEY, nullable=False),
        sa.Column("entity", KEY, nullable=False),
        sa.Column("mapping", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("stream_id", name="pk_streams"),
        sa.UniqueConstraint("connection", "stream", name="uq_streams_connection_stream"),
    )
    op.create_table(
        "suppressions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("scope", KEY, nullable=False),
        sa.Column("reason", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_suppressions"),
    )
