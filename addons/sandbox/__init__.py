"""A small internet on 127.0.0.1 for trying things: mail servers with people behind them, who do what their address says."""

from __future__ import annotations

from .characters import CHARACTERS, Character, character_of
from .internet import Internet
from .postman import Postman

__all__ = ["CHARACTERS", "Character", "Internet", "Postman", "character_of"]
