"""Exchange Online and Outlook.com: the kinds smtp, imap and pop3 with what Microsoft wants filled in."""
