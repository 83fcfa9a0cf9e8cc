"""Gmail and Google Workspace: the kinds smtp, imap and pop3 with what Google wants filled in."""
