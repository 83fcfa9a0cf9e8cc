"""Catchall answers: what this addon answers to the core."""

from __future__ import annotations

from collections.abc import Sequence

from mailloom.api import Router, hookimpl

from .routers import CatchallRouter, OnlyCatchallRouter


@hookimpl
def register_routers() -> Sequence[Router]:
    return [OnlyCatchallRouter(), CatchallRouter()]
