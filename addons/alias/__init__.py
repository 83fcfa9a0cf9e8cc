"""Aliases, replies and forwards: how incoming mail finds its business object."""
