"""Catchall answers: nobody reads the catchall address, and who writes there by hand is told so."""
