"""The bundled addons. Directories of further addons are appended to this package's `__path__` (see docs/adding-an-addon.md)."""
