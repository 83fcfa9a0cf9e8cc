"""The administrators' pages under /admin: sessions, the common look, and the core's own pages."""
