"""Getting a small thing from Amazon over HTTPS: no redirects, certificate checked, bounded in time and size."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from mailloom.api.network_fetch import FetchLimits, FetchRequest, fetch
from mailloom.api.network_public import Reach
from mailloom.errors import MailloomError, TemporaryFailure

LARGEST: Final = 100_000
_LIMITS: Final = FetchLimits(seconds=8.0, largest=LARGEST)

Get = Callable[[str], bytes]


def amazon(reach: Reach = Reach(), context: ssl.SSLContext | None = None) -> Get:  # noqa: B008 - frozen
    """Gives the body of a 200 answer; TemporaryFailure for everything else. The caller has checked that the URL may be visited.

    Amazon is on the Internet, so `reach` names private networks only in tests, as `context` None trusts the system's authorities."""

    def get(url: str) -> bytes:
        try:
            answer = fetch(FetchRequest(url=url), reach=reach, limits=_LIMITS, context=context)
        except TemporaryFailure:
            raise
        except MailloomError as error:
            raise TemporaryFailure(str(error), remedy=error.remedy) from error
        if answer.status != 200:
            raise TemporaryFailure(f"{url[:200]} answered {answer.status}.")
        return answer.body

    return get
