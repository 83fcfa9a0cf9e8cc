"""Audience: who wants our mailings, on which lists, since when, and how each of them agreed."""
