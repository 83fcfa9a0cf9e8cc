"""When Microsoft ends password logins (SMTP AUTH Basic): its message MC786329, as updated on 27 January 2026."""

from __future__ import annotations

AS_OF = "27 January 2026"
PASSWORD_LOGIN = (
    "This account logs in by password. Microsoft switches that off for SMTP by default at the end of December 2026; "
    "an administrator can switch it on again. Tenants made later have only OAuth 2, and the day on which it ends for all "
    f"is to be announced in the second half of 2027 (Microsoft's message MC786329, as of {AS_OF})."
)
REMEDY = "Register an application and set authentication=oauth2; the addon's README says how."
"""What helps, whatever the date."""
