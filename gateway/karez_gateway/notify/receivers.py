"""Who is told of what: receivers of gateway.toml, persons and roles of the registry. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from karez_gateway.config.alarms import PERSON, RESPONSIBLE, ROLE, Receiver
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.signs import SEVERITIES, URGENT
from karez_gateway.county.alarms.states import ESCALATED
from karez_gateway.store.alarms import Alarm

DAY_S = 86400


class Told(NamedTuple):
    """A receiver, and the address at which it is told."""

    receiver: str
    address: str


def of_alarm(receivers: Iterable[Receiver], places: Places, one: Alarm, word: str) -> Iterator[Told]:
    """Who is told that this happened to an alarm; nobody twice at one address."""
    regions = places.about(one.kind, one.subject).regions
    seen = set()
    for receiver in receivers:
        if word not in receiver.words or (receiver.region and receiver.region not in regions):
            continue
        if SEVERITIES.index(one.severity) < SEVERITIES.index(receiver.severity):
            continue
        for address in _addresses(receiver, places, one, word):
            if (receiver.kind, address) not in seen:
                seen.add((receiver.kind, address))
                yield Told(receiver.name, address)


def _addresses(receiver: Receiver, places: Places, one: Alarm, word: str) -> list[str]:
    if receiver.to == RESPONSIBLE:
        people = places.people(one.kind, one.subject)
        at = one.step if word == ESCALATED else 0
        return _mails(places, people[at : at + 1])
    if receiver.kind == "email":
        # It hears of an alarm at its own step, and from then on.
        hears = receiver.step == one.step if word == ESCALATED else receiver.step <= one.step
        if not hears:
            return []
        if receiver.to.startswith(PERSON):
            return _mails(places, [receiver.to.removeprefix(PERSON)])
        if receiver.to.startswith(ROLE):
            role = receiver.to.removeprefix(ROLE)
            people = [
                name for name, values in places.registry.of_kind("person") if values.get("role") == role
            ]
            return _mails(places, people)
    return [receiver.to]


def _mails(places: Places, names: Iterable[str]) -> list[str]:
    found = [(places.registry.get("person", name) or {}).get("email") for name in names]
    return [str(one) for one in found if one and "@" in str(one)]


def is_quiet(receiver: Receiver, local_s: int, severity: str) -> bool:
    """True in the receiver's quiet hours; `local_s`: seconds since local midnight. What is urgent is told."""
    if not receiver.quiet or severity == URGENT:
        return False
    begin, end = (int(part[:2]) * 3600 + int(part[3:]) * 60 for part in receiver.quiet.split("-"))
    return begin <= local_s < end if begin < end else local_s >= begin or local_s < end
