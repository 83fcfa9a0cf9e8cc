"""Tracking: opens and clicks of mailings that ask for it, with programs told from people."""
