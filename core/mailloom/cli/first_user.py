"""The first administrator: made by whoever can run commands on the machine, never by a stranger in a browser.

While nobody has ever signed in, `init` and `serve` print a one-time link for the user `admin`.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.access.signing_in import LINK_VALID, make_link
from mailloom.access.users import add_user, all_users
from mailloom.api.audit import COMMAND_LINE, audit
from mailloom.app import App
from mailloom.cli.users import link_for
from mailloom.store.access import Role, WebSession, WebUser

FIRST_NAME = "admin"


def first_link(app: App, base: str = "") -> str:
    """A sign-in link for the first administrator, who is made where there is nobody; '' once somebody has signed in or others were added.

    `base` is where the face answers, unless the setting `base_url` says it.
    """
    if not app.core_settings.admin_pages:
        return ""
    with app.write() as session:
        users = all_users(session)
        if not users:
            user = add_user(session, FIRST_NAME, Role.ADMIN, app.now())
            audit(session, COMMAND_LINE, "user.add", f"user:{user.name}", {"role": user.role})
        elif len(users) == 1 and _never_came(session, users[0]):
            user = users[0]
        else:
            return ""
        return link_for(app, make_link(session, user, app.now()), app.core_settings.base_url or base)


def first_link_text(link: str) -> str:
    return f"Nobody has signed in yet. Within {int(LINK_VALID.total_seconds() // 60)} minutes, once: {link}"


def _never_came(session: Session, user: WebUser) -> bool:
    came = session.scalar(select(WebSession.digest).where(WebSession.user_id == user.id).limit(1))
    return not user.password_hash and user.disabled_at is None and came is None
