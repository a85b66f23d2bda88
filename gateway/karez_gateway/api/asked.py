"""What a request may ask: spans, pages, and nothing that is not known."""

import re
from typing import Annotated, NamedTuple

from fastapi import Depends, Query, Request

from karez_gateway.api.access import Ours
from karez_gateway.api.problems import bad_request
from karez_gateway.calendars import DAY, HOUR, MONTH, OFFSET_H_MAX, OFFSET_H_MIN, Calendar
from karez_gateway.errors import Refused

PAGE_MAX = 500
PAGE_DEFAULT = 100
# 744 hours, 366 days, 120 months: some hundred kilobytes, and of one well a second at the most.
SPAN_DAYS_MAX = {HOUR: 31, DAY: 366, MONTH: 3653}
DAY_S = 86_400

_PLACE = re.compile(r"([0-9a-f]{16})-(\d{1,10})-(\d{1,10})-(\d{1,15})")

From = Annotated[
    str,
    Query(
        alias="from",
        max_length=40,
        description="Begin: a day (2026-10-01) at the offset, or a time with its zone (2026-10-01T00:00Z).",
    ),
]
To = Annotated[str, Query(max_length=40, description="End, in the same form; not part of the span.")]
Offset = Annotated[
    int | None,
    Query(
        ge=OFFSET_H_MIN,
        le=OFFSET_H_MAX,
        description="Civil time as whole hours before UTC; without it that of gateway.toml, 8 = UTC+8.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Most items of a page.")]


class Span(NamedTuple):
    """From `from_utc_s` up to `to_utc_s`, which is not part of it."""

    from_utc_s: int
    to_utc_s: int


class Place(NamedTuple):
    """Where a page of records ended."""

    controller: str
    chain: int
    seq: int
    log_index: int

    def text(self) -> str:
        """As it stands in `next`."""
        return f"{self.controller}-{self.chain}-{self.seq}-{self.log_index}"


def calendar(ours: Ours, utc_offset_h: Offset = None) -> Calendar:
    """The civil time of a request."""
    return Calendar(ours.config.api.utc_offset_h if utc_offset_h is None else utc_offset_h)


InCalendar = Annotated[Calendar, Depends(calendar)]


def span(civil: Calendar, step: str, begin: str, end: str) -> Span:
    """A span of whole steps, within the limit. Raises Problem."""
    try:
        found = Span(civil.moment(begin), civil.moment(end))
        civil.span(step, *found)
    except Refused as error:
        raise bad_request(str(error)) from None
    days = SPAN_DAYS_MAX[step]
    if found.to_utc_s - found.from_utc_s > days * DAY_S:
        raise bad_request(f"at most {days} days at once by {step}: ask for less, or by a longer step")
    return found


def moment(civil: Calendar, text: str | None) -> int | None:
    """A time that may be left out. Raises Problem."""
    try:
        return None if text is None else civil.moment(text)
    except Refused as error:
        raise bad_request(str(error)) from None


def place(text: str) -> Place | None:
    """Where to go on; None at the beginning. Raises Problem."""
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        raise bad_request("after: take it from `next` of the page before")
    controller, *numbers = found.groups()
    return Place(controller, *map(int, numbers))


async def only_known(request: Request) -> None:
    """Refuse parameters that nobody reads, and those given twice: a typo must not pass for silence."""
    described = request.app.openapi()["paths"][request.scope["route"].path_format]["get"]
    known = {one["name"] for one in described.get("parameters", []) if one["in"] == "query"}
    given = [name for name, _ in request.query_params.multi_items()]
    for name in given:
        if name not in known:
            raise bad_request(
                f"{name[:40]!r} is not known here; there are: {', '.join(sorted(known)) or 'none'}"
            )
        if given.count(name) > 1:
            raise bad_request(f"{name} is given twice")
