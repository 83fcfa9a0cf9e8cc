"""Will our mail arrive? What the DNS of each sending domain must hold for the accounts that really send, and what to do about it."""
