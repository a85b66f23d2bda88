"""A bare connection to a simulated platform: bytes out, bytes in. It knows no protocol."""

import asyncio


class Station:
    def __init__(self, platform):
        self.platform = platform

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(self.platform.host, self.platform.port)
        return self

    async def __aexit__(self, *error):
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass  # the platform aborted first

    async def ask(self, data, size):
        """Send, and read so many bytes."""
        self.writer.write(data)
        return await self.reader.readexactly(size)

    async def read_to_the_end(self):
        """What comes until the platform closes."""
        return await self.reader.read()
