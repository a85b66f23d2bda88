"""The paced line with one meter, in a process of its own: no master shares its event loop.

Prints a line of JSON {"port", "least_us", "silence_us", "latency_us"}; then for each line on
stdin one with what has passed since the last: {"frames": [[is a reply, first bit, last stop bit],
...] in nanoseconds of the wire, "too_early": requests lost because they broke the silence}.
Ends with its stdin.
"""

import asyncio
import json
import sys

from bus_exchange import ADDRESS, ANSWER, ASKED, BAUD, LATENCY_MS
from karez_protocols.modbus import encode_request
from karez_protocols.modbus_frames import encode_reply
from karez_simulators.clock import Clock
from karez_simulators.line import Line

REQUEST = encode_request(ASKED)
REPLY = encode_reply(ANSWER)


class Meter:
    """Knows one question and its answer, so that the wire's time is all there is to measure."""

    def receive(self, frame, reply):
        if frame == REQUEST:
            reply(REPLY)


async def main():
    line = Line(Clock(), baud=BAUD)
    line.attach(ADDRESS, Meter(), latency_ns=LATENCY_MS * 1_000_000)
    carried = []
    line.tap = lambda one: carried.append((one.kind == "reply", one.start_ns, one.end_ns))
    line.open()
    commands = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    told = {
        "port": line.port_path,
        "least_us": line.least_ns(len(REQUEST), len(REPLY), ADDRESS, silences=2) / 1000,
        "silence_us": line.silence_ns / 1000,
        "latency_us": LATENCY_MS * 1000,
    }
    print(json.dumps(told), flush=True)
    early = 0
    while await commands.readline():
        too_early, early = line.counters.gap_violations - early, line.counters.gap_violations
        print(json.dumps({"frames": carried, "too_early": too_early}), flush=True)
        carried.clear()
    transport.close()
    line.close()


if __name__ == "__main__":
    asyncio.run(main())
