"""Tables of events, suppressions and policy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bounce_policy",
        sa.Column("effect", sa.String(length=32), nullable=False),
        sa.Column("suppress", sa.String(length=32), nullable=True),
        sa.Column("note", sa.Boolean(), nullable=False),
        sa.Column("alarm", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("effect", name=op.f("pk_bounce_policy")),
    )
    op.create_table(
        "bounce_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("effect", sa.String(length=32), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("arrival_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("reported_recipient", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reply_code", sa.String(length=3), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=True),
        sa.Column("hard", sa.Boolean(), nullable=True),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("remote_mta", sa.String(length=253), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("feedback_type", sa.String(length=32), nullable=False),
        sa.Column("matched_by", sa.String(length=32), nullable=False),
        sa.Column("provider_event", sa.String(length=250), nullable=True),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrival.id"], name=op.f("fk_bounce_event_arrival_id_arrival"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_bounce_event_delivery_id_delivery"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_bounce_event_message_id_message"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_event")),
    )
    with op.batch_alter_table("bounce_event", schema=None) as batch_op:
        batch_op.create_index("ix_bounce_event_delivery_id", ["delivery_id"], unique=False)
        batch_op.create_index("ix_bounce_event_key_at", ["key", "at"], unique=False)
        batch_op.create_index("ix_bounce_event_provider_event", ["provider_event"], unique=True)

    op.create_table(
        "bounce_suppression",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["bounce_event.id"],
            name=op.f("fk_bounce_suppression_event_id_bounce_event"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_suppression")),
    )
    with op.batch_alter_table("bounce_suppression", schema=None) as batch_op:
        batch_op.create_index("ix_bounce_suppression_key", ["key"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("bounce_suppression", schema=None) as batch_op:
        batch_op.drop_index("ix_bounce_suppression_key")

    op.drop_table("bounce_suppression")
    with op.batch_alter_table("bounce_event", schema=None) as batch_op:
        batch_op.drop_index("ix_bounce_event_provider_event")
        batch_op.drop_index("ix_bounce_event_key_at")
        batch_op.drop_index("ix_bounce_event_delivery_id")

    op.drop_table("bounce_event")
    op.drop_table("bounce_policy")
