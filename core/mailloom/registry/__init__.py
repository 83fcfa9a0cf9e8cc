"""The addon machinery: finding, checking, loading, calling and deciding about addons."""

from __future__ import annotations

from mailloom.registry.bringup import Addon
from mailloom.registry.calls import Hooks
from mailloom.registry.faults import AddonFault
from mailloom.registry.implementations import HookFailed
from mailloom.registry.lifecycle import Upgraded
from mailloom.registry.registry import Registry

__all__ = ["Addon", "AddonFault", "HookFailed", "Hooks", "Registry", "Upgraded"]
