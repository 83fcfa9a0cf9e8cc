"""Tables of mailings, their recipients and sums."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailing_mailing",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("latest_hours", sa.Integer(), nullable=True),
        sa.Column("sample_percent", sa.Integer(), nullable=False),
        sa.Column("winner_by", sa.String(length=32), nullable=False),
        sa.Column("winner_hours", sa.Integer(), nullable=False),
        sa.Column("winner", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("watched_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resume_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(length=250), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_mailing")),
    )
    with op.batch_alter_table("mailing_mailing", schema=None) as batch_op:
        batch_op.create_index("ix_mailing_mailing_state", ["state"], unique=False)

    op.create_table(
        "mailing_counter",
        sa.Column(
            "mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("dimension", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_mailing_counter_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_id", "dimension", "value", "measure", name=op.f("pk_mailing_counter")),
    )
    op.create_table(
        "mailing_enclosure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=255), nullable=False),
        sa.Column("content_id", sa.String(length=255), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_mailing_enclosure_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_enclosure")),
    )
    with op.batch_alter_table("mailing_enclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mailing_enclosure_mailing_id"), ["mailing_id"], unique=False)

    op.create_table(
        "mailing_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_mailing_log_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_log")),
    )
    with op.batch_alter_table("mailing_log", schema=None) as batch_op:
        batch_op.create_index("ix_mailing_log_mailing_id", ["mailing_id", "id"], unique=False)

    op.create_table(
        "mailing_variant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("inlined", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_mailing_variant_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_mailing_variant_message_id_message"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_variant")),
    )
    with op.batch_alter_table("mailing_variant", schema=None) as batch_op:
        batch_op.create_index("ix_mailing_variant_mailing_id", ["mailing_id"], unique=False)
        batch_op.create_index("ix_mailing_variant_message", ["message_id"], unique=False)

    op.create_table(
        "mailing_recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=320), nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery.id"],
            name=op.f("fk_mailing_recipient_delivery_id_delivery"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_mailing_recipient_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["mailing_variant.id"],
            name=op.f("fk_mailing_recipient_variant_id_mailing_variant"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_recipient")),
        sa.UniqueConstraint("mailing_id", "key", name=op.f("uq_mailing_recipient_mailing_id_key")),
    )
    with op.batch_alter_table("mailing_recipient", schema=None) as batch_op:
        batch_op.create_index("ix_mailing_recipient_delivery_id", ["delivery_id"], unique=False)
        batch_op.create_index("ix_mailing_recipient_key", ["key"], unique=False)
        batch_op.create_index(
            "ix_mailing_recipient_pending",
            ["mailing_id", "label", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "ix_mailing_recipient_queued",
            ["mailing_id"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.create_index(
            "ix_mailing_recipient_settled",
            ["mailing_id", "domain", "settled_at"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NOT NULL"),
            postgresql_where=sa.text("settled_at IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("mailing_recipient", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_mailing_recipient_settled",
            sqlite_where=sa.text("settled_at IS NOT NULL"),
            postgresql_where=sa.text("settled_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_mailing_recipient_queued",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.drop_index(
            "ix_mailing_recipient_pending",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.drop_index("ix_mailing_recipient_key")
        batch_op.drop_index("ix_mailing_recipient_delivery_id")

    op.drop_table("mailing_recipient")
    with op.batch_alter_table("mailing_variant", schema=None) as batch_op:
        batch_op.drop_index("ix_mailing_variant_message")
        batch_op.drop_index("ix_mailing_variant_mailing_id")

    op.drop_table("mailing_variant")
    with op.batch_alter_table("mailing_log", schema=None) as batch_op:
        batch_op.drop_index("ix_mailing_log_mailing_id")

    op.drop_table("mailing_log")
    with op.batch_alter_table("mailing_enclosure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailing_enclosure_mailing_id"))

    op.drop_table("mailing_enclosure")
    op.drop_table("mailing_counter")
    with op.batch_alter_table("mailing_mailing", schema=None) as batch_op:
        batch_op.drop_index("ix_mailing_mailing_state")

    op.drop_table("mailing_mailing")
