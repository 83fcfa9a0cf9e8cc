"""The public web face: pages for strangers and programs, never for administrators. Its libraries come with the extra `web`."""
