"""Mailings: one mail to many, with a ledger that knows of every recipient what became of him."""
