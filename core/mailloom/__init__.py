"""mailloom: connects business software to mail servers through addons."""

__version__ = "0.1.0"
