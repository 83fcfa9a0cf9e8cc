"""The REST face at /api/v1: for programs, with tokens. Its routes call what the pages and commands call."""
