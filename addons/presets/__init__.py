"""Presets of providers, and the search for the servers of a domain."""
