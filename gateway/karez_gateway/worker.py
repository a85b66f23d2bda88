"""The one thread on which every transaction of the service runs, in the order asked for.

SQLite has one writer anyway; one thread instead of locks means that stages never wait for
each other inside a transaction, while the event loop goes on reading the broker.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Worker:
    """Runs functions one after another."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="karez-store")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns.

        A call that is cancelled still runs to its end: a commit cannot be taken back half way.
        """
        future = asyncio.wrap_future(self._executor.submit(function, *args, **kwargs))
        future.add_done_callback(_noticed)
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what was begun."""
        self._executor.shutdown(wait=True)


def _noticed(done: asyncio.Future[T]) -> None:
    """Who had asked may be gone: when the service ends for one error, the next says nothing new."""
    if not done.cancelled():
        done.exception()
