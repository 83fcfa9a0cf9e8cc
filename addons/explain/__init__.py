"""Explains what mail servers say when they refuse."""
