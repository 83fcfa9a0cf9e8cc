"""OAuth 2 for mail accounts (RFC 6749): who may ask for tokens, where they are kept, and when they are renewed."""
