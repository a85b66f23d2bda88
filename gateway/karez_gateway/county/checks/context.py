"""What the registry's rules must know beside the registry."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from karez_gateway.calendars import DEFAULT_OFFSET_H


class Context(NamedTuple):
    """Today, the county's settings, and what the controllers' bindings say."""

    today: str  # 2026-10-01, at the county's civil time
    first_month: int = 1  # of the water year
    retired_for_new: int = 2  # wells that are retired for one renewed in an over-drawn area (减二更一)
    bound: Mapping[str, str] = MappingProxyType({})  # site -> class of use, as the binding calls it
    utc_offset_h: int = DEFAULT_OFFSET_H
