"""The three platforms above a well (T30): the county's, the city's and the province's, one standard each."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Self

from karez_protocols.szy206 import address_of
from karez_simulators.platform_broker import OpenBroker
from karez_simulators.platform_json import PlatformJson
from karez_simulators.platform_sl651 import PlatformSl651
from karez_simulators.platform_szy206 import PlatformSzy206

if TYPE_CHECKING:
    from types import TracebackType

    from karez_simulators.platform_books import Platform

COUNTY, CITY, PROVINCE = "county", "city", "province"
STEPS_L = {COUNTY: 1000, CITY: 1, PROVINCE: 1}  # what a volume is told in
ADDRESS = address_of("410105", 1).hex()  # SZY 206: region and station
STATION = "0041010501"  # SL 651: five bytes of BCD

SECONDS = {COUNTY: 1, CITY: 60, PROVINCE: 1}  # what a time is told in


class Platforms:
    """All three, as an asynchronous context manager. `of(level)` may be stopped and started in it."""

    def __init__(self, county_port: int = 0) -> None:
        self.county = PlatformSzy206(port=county_port)
        self.city = PlatformSl651()
        self.province = PlatformJson(broker=OpenBroker())
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as coming_up:
            for level in STEPS_L:
                await coming_up.enter_async_context(self.of(level))
            self._stack = coming_up.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def of(self, level: str) -> Platform:
        """The platform of a level."""
        found: dict[str, Platform] = {COUNTY: self.county, CITY: self.city, PROVINCE: self.province}
        return found[level]

    @property
    def receipts(self) -> int:
        """How many reports they have confirmed together."""
        return sum(
            bool(one.confirm_bytes) for level in STEPS_L for one in self.of(level).books.reports.values()
        )

    def confirmed_l(self, level: str, utc_s: int) -> list[int]:
        """The well's registers that a platform has confirmed for a time, in the order of arrival."""
        registers = []
        for one in self.of(level).books.reports.values():
            litres = one.quantities.get("total_l" if level == CITY else "volume_l")
            is_then = one.utc_s // SECONDS[level] == utc_s // SECONDS[level]
            if is_then and one.confirm_bytes and litres is not None:
                registers.append(int(litres))
        return registers

    def toml(self) -> str:
        """Their part of gateway.toml."""
        return "\n".join(
            [
                _destination(COUNTY, "szy206", self.county, ADDRESS),
                _destination(CITY, "sl651", self.city, STATION),
                _destination(PROVINCE, "mqtt-json", self.province, ""),
            ]
        )


def _destination(level: str, kind: str, platform: Platform, address: str) -> str:
    values = {
        "name": level,
        "level": level,
        "kind": kind,
        "host": platform.host,
        "port": platform.port,
        "timeout_s": 3,
    }
    if address:
        values["address"] = address
    rows = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    return f"[[destination]]\n{rows}\n"
