"""Posts to witnesses over HTTP, and bounds what a stranger's server can cost: time, bytes, redirects."""

import asyncio
import ssl
from typing import Self

import httpx

from karez_gateway.witnesses.witness import ANSWER_BYTES_MAX, Answer, BadAnswer


class WitnessHttp:
    """Keeps connections alive between rounds, as tlog-witness asks. Use as an async context manager."""

    def __init__(self) -> None:
        """The system's certificate authorities; no proxy and no other setting from the environment."""
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "Content-Type": "text/plain; charset=utf-8"},
            timeout=None,  # noqa: S113 - one deadline over all phases, in `post`
        )

    async def __aenter__(self) -> Self:
        """The open client."""
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def post(self, url: str, body: bytes, timeout_s: float) -> Answer:
        """One request, answered whole within the time and under the limit. Raises BadAnswer."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._post(url, body)
        except TimeoutError:
            raise BadAnswer(f"did not answer within {timeout_s:g} s") from None
        except BadAnswer:
            raise
        except Exception as error:  # noqa: BLE001 - what a stranger's server provokes in the library ends no service
            raise BadAnswer(f"is not reachable: {str(error) or type(error).__name__}") from None

    async def _post(self, url: str, body: bytes) -> Answer:
        async with self._client.stream("POST", url, content=body) as response:
            taken = bytearray()
            async for part in response.aiter_raw():
                taken += part
                if len(taken) > ANSWER_BYTES_MAX:
                    raise BadAnswer(f"answered with more than {ANSWER_BYTES_MAX} bytes")
            return Answer(response.status_code, response.headers.get("content-type", ""), bytes(taken))
