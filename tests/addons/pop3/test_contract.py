"""POP3 on a real Dovecot keeps the contract of sources."""

from __future__ import annotations

import pytest

from mailloom.testing.sources import SourceContract

pytestmark = pytest.mark.dovecot


class TestPop3IsASource(SourceContract):
    pass
