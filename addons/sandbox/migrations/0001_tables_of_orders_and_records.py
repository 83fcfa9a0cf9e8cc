"""Tables of orders and records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sandbox_order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("customer", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_order")),
    )
    op.create_table(
        "sandbox_record",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_record")),
    )
    with op.batch_alter_table("sandbox_record", schema=None) as batch_op:
        batch_op.create_index("ix_sandbox_record_name", ["name"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sandbox_record", schema=None) as batch_op:
        batch_op.drop_index("ix_sandbox_record_name")

    op.drop_table("sandbox_record")
    op.drop_table("sandbox_order")
