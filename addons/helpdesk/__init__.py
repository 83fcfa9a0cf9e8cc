"""Helpdesk: a mail to a team's address becomes a ticket, and the conversation stays on it."""
