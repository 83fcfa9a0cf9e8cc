"""Tables of aggregate reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "senderauth_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrival_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("report_id", sa.String(length=250), nullable=False),
        sa.Column("begin", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy", sa.String(length=250), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("passed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["arrival.id"], name=op.f("fk_senderauth_report_arrival_id_arrival"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senderauth_report")),
        sa.UniqueConstraint(
            "domain", "organisation", "report_id", name=op.f("uq_senderauth_report_domain_organisation_report_id")
        ),
    )
    with op.batch_alter_table("senderauth_report", schema=None) as batch_op:
        batch_op.create_index("ix_senderauth_report_domain_begin", ["domain", "begin"], unique=False)

    op.create_table(
        "senderauth_report_row",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=45), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.Column("disposition", sa.String(length=20), nullable=False),
        sa.Column("dkim", sa.Boolean(), nullable=False),
        sa.Column("spf", sa.Boolean(), nullable=False),
        sa.Column("header_from", sa.String(length=253), nullable=False),
        sa.Column("envelope_from", sa.String(length=253), nullable=False),
        sa.Column("checked", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["senderauth_report.id"],
            name=op.f("fk_senderauth_report_row_report_id_senderauth_report"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_senderauth_report_row")),
    )
    with op.batch_alter_table("senderauth_report_row", schema=None) as batch_op:
        batch_op.create_index("ix_senderauth_report_row_report_id", ["report_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("senderauth_report_row", schema=None) as batch_op:
        batch_op.drop_index("ix_senderauth_report_row_report_id")

    op.drop_table("senderauth_report_row")
    with op.batch_alter_table("senderauth_report", schema=None) as batch_op:
        batch_op.drop_index("ix_senderauth_report_domain_begin")

    op.drop_table("senderauth_report")
