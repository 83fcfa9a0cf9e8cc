"""Tables of teams and tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "helpdesk_team",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpdesk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_helpdesk_team_name")),
    )
    op.create_table(
        "helpdesk_ticket",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("customer", sa.String(length=320), nullable=False),
        sa.Column("cc", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["team_id"], ["helpdesk_team.id"], name=op.f("fk_helpdesk_ticket_team_id_helpdesk_team")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpdesk_ticket")),
    )


def downgrade() -> None:
    op.drop_table("helpdesk_ticket")
    op.drop_table("helpdesk_team")
