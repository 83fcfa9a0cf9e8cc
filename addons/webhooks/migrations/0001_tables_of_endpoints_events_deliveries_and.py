"""Tables of endpoints, events, deliveries and records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhooks_endpoint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("takes_records", sa.Boolean(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_endpoint")),
        sa.UniqueConstraint("name", name=op.f("uq_webhooks_endpoint_name")),
    )
    op.create_table(
        "webhooks_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_event")),
    )
    with op.batch_alter_table("webhooks_event", schema=None) as batch_op:
        batch_op.create_index("ix_webhooks_event_address", ["address"], unique=False)
        batch_op.create_index("ix_webhooks_event_at", ["at"], unique=False)
        batch_op.create_index("ix_webhooks_event_position", ["position"], unique=True)
        batch_op.create_index(
            "ix_webhooks_event_unnumbered",
            ["id"],
            unique=False,
            sqlite_where=sa.text("position IS NULL"),
            postgresql_where=sa.text("position IS NULL"),
        )

    op.create_table(
        "webhooks_delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("thread_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhooks_endpoint.id"],
            name=op.f("fk_webhooks_delivery_endpoint_id_webhooks_endpoint"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhooks_event.id"],
            name=op.f("fk_webhooks_delivery_event_id_webhooks_event"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_delivery")),
    )
    with op.batch_alter_table("webhooks_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhooks_delivery_due",
            ["endpoint_id", "due"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_webhooks_delivery_event_id", ["event_id"], unique=False)
        batch_op.create_index("ix_webhooks_delivery_thread", ["endpoint_id", "thread_id", "state"], unique=False)

    op.create_table(
        "webhooks_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remote_id", sa.String(length=40), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("defaults", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhooks_endpoint.id"],
            name=op.f("fk_webhooks_record_endpoint_id_webhooks_endpoint"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_record")),
        sa.UniqueConstraint("endpoint_id", "remote_id", name=op.f("uq_webhooks_record_endpoint_id_remote_id")),
    )
    op.create_table(
        "webhooks_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhooks_delivery.id"],
            name=op.f("fk_webhooks_attempt_delivery_id_webhooks_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks_attempt")),
    )
    with op.batch_alter_table("webhooks_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhooks_attempt_delivery_id"), ["delivery_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("webhooks_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhooks_attempt_delivery_id"))

    op.drop_table("webhooks_attempt")
    op.drop_table("webhooks_record")
    with op.batch_alter_table("webhooks_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_webhooks_delivery_thread")
        batch_op.drop_index("ix_webhooks_delivery_event_id")
        batch_op.drop_index(
            "ix_webhooks_delivery_due",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.drop_table("webhooks_delivery")
    with op.batch_alter_table("webhooks_event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_webhooks_event_unnumbered",
            sqlite_where=sa.text("position IS NULL"),
            postgresql_where=sa.text("position IS NULL"),
        )
        batch_op.drop_index("ix_webhooks_event_position")
        batch_op.drop_index("ix_webhooks_event_at")
        batch_op.drop_index("ix_webhooks_event_address")

    op.drop_table("webhooks_event")
    op.drop_table("webhooks_endpoint")
