"""Posts a document to a webhook; bounds what a stranger's server can cost: time, bytes, redirects."""

import asyncio
import ssl
from typing import Self

import httpx

from karez_gateway.notify import message

ANSWER_BYTES_MAX = 4096
ACCEPTED = range(200, 300)


class NotDelivered(Exception):
    """The other side did not take it; the text says why."""


class Webhooks:
    """One client for all receivers. Use as an async context manager."""

    def __init__(self) -> None:
        """The system's certificate authorities; no proxy and no other setting from the environment."""
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - one deadline, below
        )

    async def __aenter__(self) -> Self:
        """The open client."""
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def post(self, url: str, body: bytes, secret: str, name: str, now_s: int, timeout_s: float) -> None:
        """Deliver a body. Raises NotDelivered unless a 2xx answer came within the time."""
        headers = {
            "Content-Type": "application/json",
            message.SIGNATURE: message.signature(secret, now_s, body),
            message.DELIVERY: name,
        }
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._client.stream("POST", url, content=body, headers=headers) as response,
            ):
                taken = 0
                async for part in response.aiter_raw():
                    taken += len(part)
                    if taken > ANSWER_BYTES_MAX:
                        break
        except TimeoutError:
            raise NotDelivered(f"no answer within {timeout_s:g} s") from None
        except Exception as error:  # noqa: BLE001 - what a stranger's server provokes in the library ends no service
            raise NotDelivered(f"not reachable: {str(error) or type(error).__name__}") from None
        if response.status_code not in ACCEPTED:
            raise NotDelivered(f"answered {response.status_code}")
