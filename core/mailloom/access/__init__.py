"""Who may come in: users, passwords, sessions, one-time links, API tokens. The faces ask here; nothing here knows HTTP."""
