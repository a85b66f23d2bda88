"""What rules look at: gathered once by a shell, in one snapshot, then no rule asks the store for anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from karez_gateway.county.alarms.layups import Layup
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.settings import Settings
from karez_gateway.county.ledger.usage import Usage
from karez_gateway.county.years.wateryear import WaterYears


class Well(NamedTuple):
    """What a site's newest good record said."""

    site: str
    controller_id: int
    chain: int
    utc_s: int
    received_utc_s: int
    energy_wh: int | None
    alarms: int
    log_index: int
    volume_l: int | None = None
    rest_layup: int | None = None  # the newest lay-up in which a record was heard, and what it took in it
    rest_wh: int = 0
    rest_l: int = 0


class Day(NamedTuple):
    """A site on one civil day. Levels: water above the probe, mm; None: none read. See store/wells.py."""

    site: str
    day: int
    energy_wh: int
    gap_s: int
    gap_energy_wh: int
    lowest_mm: int | None
    highest_mm: int | None


class Platform(NamedTuple):
    """One destination: connected since or down since, and since when its oldest report waits."""

    name: str
    is_up: bool
    is_paused: bool
    oldest_utc_s: int | None


class Update(NamedTuple):
    """A roll-out of firmware that is neither over nor paused, and when the last well took it."""

    number: int
    state: str
    is_stopped: bool
    moved_utc_s: int
    watch_s: int


@dataclass(slots=True)
class Live:
    """What only the running service knows. `since`: from when on its own word counts, UTC seconds."""

    since_utc_s: int
    broker_down_utc_s: int | None  # None: connected
    online: Mapping[str, bool] = field(default_factory=dict)  # controller -> as it said last
    platform_down_utc_s: Mapping[str, int] = field(default_factory=dict)


class Pending(NamedTuple):
    """The oldest grant of a site that no record has acknowledged."""

    site: str
    seq: int
    queued_utc_s: int
    attempts: int


@dataclass(slots=True)
class Facts:
    """One snapshot. Rules that are asked often have the lower part only."""

    now_s: int
    places: Places
    settings: Settings
    years: WaterYears
    wells: Mapping[str, Well] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)  # site -> its controller
    live: Live | None = None
    resting: Mapping[str, Layup] = field(default_factory=dict)  # sites that are laid up now
    platforms: tuple[Platform, ...] = ()
    updates: tuple[Update, ...] = ()
    used_year: Usage = field(default_factory=dict)
    used_day: Usage = field(default_factory=dict)  # the last 24 whole hours
    hours_week: Mapping[str, int] = field(default_factory=dict)  # hours with water in the last 7 days
    used_week: Usage = field(default_factory=dict)
    days: tuple[Day, ...] = ()  # the last some days, of all sites
    pending: tuple[Pending, ...] = ()
    granted_to_utc_s: Mapping[str, int] = field(default_factory=dict)  # site -> end of its newest grant

    @property
    def month(self) -> int:
        """The civil month, 1 to 12."""
        return self.years.calendar.local(self.now_s).month

    @property
    def year(self) -> int:
        """The water year."""
        return self.years.of(self.now_s)

    def day(self, utc_s: int) -> int:
        """The number of a civil day: days since 1970 at the county's time."""
        return (utc_s + 3600 * self.years.calendar.offset_h) // 86400
