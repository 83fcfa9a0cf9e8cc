"""Opt-out: who said no to which marketing mail, how, and that it is honoured at once."""
