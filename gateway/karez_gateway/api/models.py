"""What the API answers: integers with their units in their names, times as UTC seconds and as ISO 8601."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from karez_gateway.calendars import Calendar


class Answer(BaseModel):
    """A part of an answer. Later versions may add names; a reader passes over those it does not know."""

    model_config = ConfigDict(frozen=True)


class Moment(Answer):
    """A time, twice."""

    utc_s: int
    iso: Annotated[str, Field(description="at the offset asked for")]


def at(civil: Calendar, utc_s: int) -> Moment:
    """A time as an answer says it."""
    return Moment(utc_s=utc_s, iso=civil.iso(utc_s))


def at_or_none(civil: Calendar, utc_s: int | None) -> Moment | None:
    """A time, or null where none is known."""
    return None if utc_s is None else at(civil, utc_s)


class Entry(Answer):
    """An entry of the transparency log: the reference under which the evidence is found."""

    log_origin: str
    log_index: int


class Site(Answer):
    """How a well stands."""

    site: str
    state: Annotated[str, Field(description="nothing, reporting, silent, broken or revoked")]
    state_en: str
    state_zh: str
    controller: Annotated[str, Field(description="the box whose binding is the newest")]
    use: Annotated[str, Field(description="class of use, from the binding")]
    last_seen: Moment | None
    last_record: Annotated[Moment | None, Field(description="when the record with the highest number came")]
    is_online: Annotated[bool | None, Field(description="null: the service does not run, or never heard it")]
    stored_seq: Annotated[int, Field(description="every number up to here has come, or is declared lost")]
    top_seq: Annotated[int, Field(description="highest number that came; above stored_seq: there is a gap")]
    missing_records: int
    unjudged_records: Annotated[int, Field(description="came, and wait for those before them")]
    verified_seq: Annotated[int, Field(description="every record up to here has its verdict")]
    verified_to: Annotated[Moment | None, Field(description="time of the last good record")]
    covered_seq: Annotated[int, Field(description="a signature of the controller covers up to here")]
    well_register_l: Annotated[int | None, Field(description="W: litres taken here since commissioning")]


class Sites(Answer):
    """A page of sites, by name."""

    sites: list[Site]
    next: Annotated[str | None, Field(description="`after` of the next page; null: this was the last")]


class Figure(Answer):
    """Litres of one method in one period, and the log's entries between which its readings lie."""

    volume_l: int
    method: Annotated[str, Field(description="metered, converted, converted-group, estimated or unknown")]
    method_en: str
    method_zh: str
    first_entry: Entry
    last_entry: Entry


class Correction(Answer):
    """Litres that a person added to a period, or took from it. What was booked is not changed by it."""

    kind: Annotated[str, Field(description="coefficient, swap, dispute, year-close, error or double")]
    method: Annotated[str, Field(description="as of a figure")]
    volume_l: Annotated[int, Field(description="below zero: taken")]
    from_: Annotated[Moment, Field(serialization_alias="from")]
    to: Annotated[Moment, Field(description="its litres count in the last hour before")]
    entry: Annotated[Entry, Field(description="the entry of the log that holds who decided it, and why")]


class Period(Answer):
    """One hour, day or month. Missing and quarantined records count where the next good one lies."""

    period: Annotated[str, Field(description="2026-10-01T14, 2026-10-01 or 2026-10")]
    from_: Annotated[Moment, Field(serialization_alias="from")]
    to: Moment
    volume_l: Annotated[int, Field(description="the sum of its figures")]
    records_good: int
    records_missing: int
    records_quarantined: int
    records_unjudged: Annotated[int, Field(description="above 0: litres will be added")]
    figures: list[Figure]
    correction_l: Annotated[int, Field(description="the sum of its corrections; in no figure")]
    corrected_l: Annotated[int, Field(description="volume_l + correction_l")]
    corrections: list[Correction]


class Ledger(Answer):
    """Litres of a site. A period that is not listed has neither litres nor records."""

    site: str
    step: str
    utc_offset: str
    from_: Annotated[Moment, Field(serialization_alias="from")]
    to: Moment
    verified_to: Annotated[Moment | None, Field(description="later litres may still be added")]
    volume_l: Annotated[int, Field(description="the sum of its periods")]
    correction_l: Annotated[int, Field(description="what corrections in force add; in no figure")]
    corrected_l: Annotated[int, Field(description="volume_l + correction_l")]
    statistic_method_en: str
    statistic_method_zh: str
    periods: list[Period]


class Record(Answer):
    """One record as it came. No card number is in it: whose card it was stays in the evidence."""

    entry: Entry
    controller: str
    chain: int
    seq: int
    kind: str
    time: Annotated[Moment | None, Field(description="the record's own")]
    time_state: Annotated[str | None, Field(description="unknown, informative or synchronised")]
    received: Moment
    verdict: Annotated[str, Field(description="good, quarantined or unjudged")]
    reason: Annotated[str | None, Field(description="why it is quarantined")]
    slot_sha256: Annotated[str, Field(description="of the 128 bytes as the controller wrote them")]
    cause: str | None
    pump: str | None
    method: str | None
    well_register_l: Annotated[int | None, Field(description="W")]
    held_l: Annotated[int | None, Field(description="P: litres counted beside W while no meter is believed")]
    energy_register_wh: Annotated[int | None, Field(description="E")]
    water_register: Annotated[str | None, Field(description="the meter's own bytes, hexadecimal")]
    energy_register: Annotated[str | None, Field(description="the meter's own bytes, hexadecimal")]
    flow_lph: int | None
    power_w: int | None
    segment: int | None
    grant_seq: int | None
    status: list[str] | None
    alarms: list[str] | None


class Records(Answer):
    """A page of records, by chain and number."""

    site: str
    records: list[Record]
    next: Annotated[str | None, Field(description="`after` of the next page; null: this was the last")]


class Finding(Answer):
    """What good records show that a person should see."""

    controller: str
    kind: str
    kind_en: str
    kind_zh: str
    subject: Annotated[int, Field(description="number of the grant or of the segment")]
    volume_l: int
    entry: Entry


class Fork(Answer):
    """Two different records under one number; both are kept."""

    controller: str
    chain: int
    seq: int
    first_entry: Entry
    second_entry: Entry


class Gap(Answer):
    """Numbers without a record."""

    controller: str
    chain: int
    first_seq: int
    last_seq: int
    is_lost: Annotated[bool, Field(description="true: the controller declared that they will not come")]


class Quarantine(Answer):
    """How many records of a chain failed a check, by reason."""

    controller: str
    chain: int
    reason: str
    records: int


class Findings(Answer):
    """What a person should look at. At most 1000 of each."""

    site: str
    findings: list[Finding]
    forks: list[Fork]
    gaps: list[Gap]
    quarantined: list[Quarantine]
    is_whole: Annotated[bool, Field(description="false: there is more than fits here")]


class Destination(Answer):
    """A platform and its queue. What names other wells is for tokens of all sites."""

    name: str
    level: str
    kind: str
    state: Annotated[
        str, Field(description="up, down, idle, paused, held, absent, or the service is not running")
    ]
    waiting: int
    confirmed: int
    refused: int
    oldest_waiting: Annotated[Moment | None, Field(description="when the oldest waiting record came")]
    last_receipt: Moment | None
    problem: Annotated[
        str | None, Field(description="why the first one waits; null for tokens of some sites")
    ]


class Destinations(Answer):
    """Every platform of gateway.toml."""

    destinations: list[Destination]


class Log(Answer):
    """The transparency log that is continued. Its key is to be compared with the one got another way."""

    origin: str
    verifier_key: str
    size: Annotated[int, Field(description="entries under the newest checkpoint")]
    former_origins: list[str]


class Health(Answer):
    """Whether this interface can read, and whether the service beside it runs."""

    state: Annotated[str, Field(description="ok, or service-not-running")]
