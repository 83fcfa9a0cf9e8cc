"""Bounces, complaints, automatic answers: what became of our mail, and what follows from it."""
