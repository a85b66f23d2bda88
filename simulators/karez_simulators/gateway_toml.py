"""The configuration of a desk's gateway: one broker, and the platforms above it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Link:
    """Where the broker is, by which name it is trusted, and the gateway's keys for it."""

    host: str
    port: int
    tls_name: str
    ca: Path
    certificate: Path
    key: Path


def text(link: Link, origin: str, bench: bytes, destinations: str) -> str:
    """Return gateway.toml; `bench` signs bindings, `destinations` are the tables of the platforms."""

    def q(value: object) -> str:
        return json.dumps(str(value), ensure_ascii=False)  # TOML takes no surrogate pairs

    return f"""\
[gateway]
name = "desk"
send_time = false   # the desk's time runs up to 20 times as fast; its controllers have a clock set by radio

[broker]
host = {q(link.host)}
port = {link.port}
tls_name = {q(link.tls_name)}
ca = {q(link.ca)}
certificate = {q(link.certificate)}
key = {q(link.key)}

[commands]
remote_stop = true
remote_start = true

[log]
origin = {q(origin)}

[trust]
provisioner = {q(bench.hex())}

{destinations}"""
