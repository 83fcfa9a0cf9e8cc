"""pluggy, told of mailloom's hooks."""

from __future__ import annotations

import pluggy

from mailloom.api import hookspecs


def new_plugin_manager() -> pluggy.PluginManager:
    """A plugin manager that knows every hook and no addon."""
    plugins = pluggy.PluginManager(hookspecs.PROJECT)
    plugins.add_hookspecs(hookspecs)
    return plugins
