"""Tables of sending domains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deliverability_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worse", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliverability_change")),
    )
    with op.batch_alter_table("deliverability_change", schema=None) as batch_op:
        batch_op.create_index("ix_deliverability_change_domain", ["domain"], unique=False)

    op.create_table(
        "deliverability_domain",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=True),
        sa.Column("selectors", sa.JSON(), nullable=False),
        sa.Column("policy_mode", sa.String(length=32), nullable=True),
        sa.Column("policy_id", sa.String(length=32), nullable=False),
        sa.Column("policy_hosts", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_deliverability_domain")),
    )
    op.create_table(
        "deliverability_look",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("severity", sa.String(length=32), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_deliverability_look")),
    )
    op.create_table(
        "deliverability_override",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliverability_override")),
    )
    with op.batch_alter_table("deliverability_override", schema=None) as batch_op:
        batch_op.create_index("ix_deliverability_override_domain", ["domain"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("deliverability_override", schema=None) as batch_op:
        batch_op.drop_index("ix_deliverability_override_domain")

    op.drop_table("deliverability_override")
    op.drop_table("deliverability_look")
    op.drop_table("deliverability_domain")
    with op.batch_alter_table("deliverability_change", schema=None) as batch_op:
        batch_op.drop_index("ix_deliverability_change_domain")

    op.drop_table("deliverability_change")
