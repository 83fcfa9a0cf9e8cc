"""Tables of plans and visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tracking_plan",
        sa.Column(
            "mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("opens", sa.Boolean(), nullable=False),
        sa.Column("clicks", sa.Boolean(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_tracking_plan_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_id", name=op.f("pk_tracking_plan")),
    )
    op.create_table(
        "tracking_hit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mailing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("visitor", sa.String(length=32), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=32), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_tracking_hit_delivery_id_delivery"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing_mailing.id"],
            name=op.f("fk_tracking_hit_mailing_id_mailing_mailing"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"],
            ["mailing_variant.id"],
            name=op.f("fk_tracking_hit_variant_id_mailing_variant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_hit")),
        sa.UniqueConstraint(
            "delivery_id", "act", "position", "visitor", name=op.f("uq_tracking_hit_delivery_id_act_position_visitor")
        ),
    )
    with op.batch_alter_table("tracking_hit", schema=None) as batch_op:
        batch_op.create_index("ix_tracking_hit_last_at", ["last_at"], unique=False)
        batch_op.create_index("ix_tracking_hit_mailing_id", ["mailing_id"], unique=False)
        batch_op.create_index(
            "ix_tracking_hit_unjudged",
            ["first_at"],
            unique=False,
            sqlite_where=sa.text("judged_at IS NULL"),
            postgresql_where=sa.text("judged_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("tracking_hit", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tracking_hit_unjudged",
            sqlite_where=sa.text("judged_at IS NULL"),
            postgresql_where=sa.text("judged_at IS NULL"),
        )
        batch_op.drop_index("ix_tracking_hit_mailing_id")
        batch_op.drop_index("ix_tracking_hit_last_at")

    op.drop_table("tracking_hit")
    op.drop_table("tracking_plan")
