"""Answers of bounded length: an endpoint that never stops talking must not take a run's memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import httpx2

LONGEST: Final = 64 * 2**20
"""Bytes of one answer: a thousand embeddings of a large model have about 30 million."""
LONGEST_PACKED: Final = 256 * 2**10
"""Bytes of one that came packed though that was not asked for: it may unpack to a thousand times as many."""


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, most: int) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._most
        async for part in self._inner:
            left -= len(part)
            if left < 0:
                raise httpx2.ReadError(f"an answer of more than {self._most:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


async def bound(response: httpx2.Response) -> None:
    """Let a response's body end in a `httpx2.ReadError` where it grows beyond measure; an event hook."""
    packed = response.headers.get("content-encoding", "identity") != "identity"
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, LONGEST_PACKED if packed else LONGEST)
