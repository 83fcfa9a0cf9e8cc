"""Table of aliases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alias_alias",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=True),
        sa.Column("domain_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("defaults", sa.JSON(), nullable=False),
        sa.Column("forced_record", sa.String(length=64), nullable=True),
        sa.Column("parent_model", sa.String(length=64), nullable=True),
        sa.Column("parent_record", sa.String(length=64), nullable=True),
        sa.Column("policy", sa.String(length=32), nullable=False),
        sa.Column("any_domain", sa.Boolean(), nullable=False),
        sa.Column("machines", sa.Boolean(), nullable=False),
        sa.Column("answer_text", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("owner_model", sa.String(length=64), nullable=True),
        sa.Column("owner_record", sa.String(length=64), nullable=True),
        sa.Column("owner_contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["mail_domain.id"], name=op.f("fk_alias_alias_domain_id_mail_domain")),
        sa.ForeignKeyConstraint(
            ["owner_contact_id"],
            ["contact.id"],
            name=op.f("fk_alias_alias_owner_contact_id_contact"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alias_alias")),
        sa.UniqueConstraint("name", "domain_id", name=op.f("uq_alias_alias_name_domain_id")),
    )
    with op.batch_alter_table("alias_alias", schema=None) as batch_op:
        batch_op.create_index("ix_alias_alias_owner", ["owner_model", "owner_record"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("alias_alias", schema=None) as batch_op:
        batch_op.drop_index("ix_alias_alias_owner")

    op.drop_table("alias_alias")
