"""Commands: an operator's wish that a pump stop or start, which nobody signs (design §6).

The controller's own rules judge it. Here stand the gateway's: off until allowed, never for
drinking water, so many stops an hour, and a start only on a fresh state. A wish becomes an
entry of the log, with the name of who had it, before it is published. A stop is published
again until a stop record comes, a start once: a second one could start what a person has
stopped since. For the same reason a second start within a minute is not taken: a platform repeats
what it hears no answer to, also across a restart of this service. After three minutes both are dead.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from karez_gateway.config import Commands as Settings
from karez_gateway.downlink import deciding, offering
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.errors import Refused
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import commands
from karez_gateway.store.commands import Command
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, entry, link, link_gateway, record
from karez_protocols.errors import NotAllowed

STAGE = "command"
LIFE_S = commands.LIFE_S_MAX  # as the controller has it: a start that comes later is dead
HOUR_S = 3600
FIRST_RETRY_S = 5
START_AGAIN_S = 60  # platforms repeat two or three times, some ten seconds apart
VERBS = {"start": link.START, "stop": link.STOP}
NAMES = {number: name for name, number in VERBS.items()}

_SUBJECT = slice(*PLACES[record.EVENT]["subject"][:2])


@dataclass(frozen=True, slots=True)
class Heard:
    """A controller's last state, and how long ago it came."""

    state: Mapping[str, Any]
    age_s: int


def heard(service: Mapping[str, Any], name: str, now_s: float) -> Heard | None:
    """What the running service heard of a controller last; `service`: its file (servicestate.read)."""
    found = service.get("presence", {}).get(name)
    return None if found is None else Heard(found, max(0, math.ceil(now_s - found["utc_s"])))


def queue(
    store: Database,
    settings: Settings,
    service: Mapping[str, Any],
    *,
    well: str,
    verb: str,
    account: int | None,
    wished_by: str,
    now_s: int,
) -> Command:
    """Queue a command for a well. Raises Refused with what to do about it.

    `service`: what the running service says, {} when it does not run; `account` of a start: 0 = the
    well's own.
    """
    _check_allowed(settings, verb)
    with store.writing() as connection:
        target = offering.addressed(connection, well)
        if target.is_protected:
            raise Refused(
                f"{target.site} gives drinking water: no command stops or starts it. Only a signed order does"
            )
        last = _check_heard(target, heard(service, target.name, now_s), verb)
        _check_rate(connection, settings, verb, now_s)
        _check_again(connection, target, verb, now_s)
        values = _quote(last, verb, account, now_s)
        try:  # whatever the service could not write down must not reach its queue
            entry.encode_command(now_s, _note(target.name, VERBS[verb], values, wished_by))
            _payload(VERBS[verb], values["account"], values["boot"], values["until_s"])
        except NotAllowed as error:
            raise Refused(f"this command cannot be sent: {error}") from error
        commands.queue(
            connection,
            controller_id=target.id,
            verb=VERBS[verb],
            wished_by=wished_by,
            queued_utc_s=now_s,
            **values,
        )
        return commands.newest(connection, 1)[0]


def _check_allowed(settings: Settings, verb: str) -> None:
    if verb not in VERBS:
        raise Refused(f"{verb} is no command: say start or stop")
    if not getattr(settings, f"remote_{verb}"):
        raise Refused(
            f"a remote {verb} is not allowed here: set remote_{verb} = true under [commands] in gateway.toml "
            f"and restart the service"
        )


def _check_heard(target: Controller, last: Heard | None, verb: str) -> Heard:
    if last is None:
        raise Refused(
            f"nothing has been heard of {target.name} at {target.site}, or the service does not run: "
            f"see karez gateway status"
        )
    if not last.state["online"]:
        raise Refused(f"{target.name} at {target.site} is offline since {last.age_s} s: nobody would hear it")
    if verb == "start" and (last.age_s > LIFE_S or last.state["boot"] is None):
        raise Refused(
            f"the last state of {target.name} at {target.site} is {last.age_s} s old, more than {LIFE_S}: "
            f"a start must quote a fresh one. Wait for the next"
        )
    return last


def _check_rate(connection: Connection, settings: Settings, verb: str, now_s: int) -> None:
    if verb != "stop":
        return
    count = commands.count_since(connection, link.STOP, now_s - HOUR_S)
    if count >= settings.stops_per_hour:
        raise Refused(
            f"{count} remote stops in the last hour; {settings.stops_per_hour} are allowed over all wells: "
            f"for more, the office signs an order (karez gateway order), or set commands.stops_per_hour"
        )


def _check_again(connection: Connection, target: Controller, verb: str, now_s: int) -> None:
    if verb != "start":
        return
    last = commands.newest_start(connection, target.id)
    if last is not None and 0 <= now_s - last.queued_utc_s < START_AGAIN_S:
        raise Refused(
            f"a start of {target.site} was wished {now_s - last.queued_utc_s} s ago (number {last.id}, by "
            f"{last.wished_by}, {last.state}): look at karez gateway status, and wish again after "
            f"{START_AGAIN_S} s"
        )


def _quote(last: Heard, verb: str, account: int | None, now_s: int) -> dict[str, Any]:
    """What the row says of the state: which records come after it; a start dies by the uptime, too."""
    until_s = (last.state["uptime_s"] or 0) + LIFE_S
    if verb == "stop":
        return {"account": None, "boot": last.state["boot"], "until_s": until_s, "dies_utc_s": now_s + LIFE_S}
    dies_utc_s = now_s + LIFE_S - last.age_s
    return {"account": account or 0, "boot": last.state["boot"], "until_s": until_s, "dies_utc_s": dies_utc_s}


def _payload(verb: int, account: int | None, boot: int | None, until_s: int | None) -> bytes:
    if verb == link.STOP:
        return bytes(link_gateway.encode_stop())
    return bytes(link_gateway.encode_start(account, boot, until_s))


def payload(one: Command) -> bytes:
    """What is published on the controller's `down` topic."""
    return _payload(one.verb, one.account, one.boot, one.until_s)


class Commands:
    """Run `step` until it returns 0; publish what `due` gives and say so with `sent`."""

    def __init__(self, sequencer: Sequencer, at: Seam = unharmed) -> None:
        """Take the healed sequencer: commands become log entries."""
        self._sequencer = sequencer
        self._database = sequencer.database
        self._at = at

    def log_queued(self, now_s: int) -> int:
        """Put every queued command into the log, bury the dead; return how many were queued."""
        with self._database.reading() as connection:
            if not commands.in_state(connection, commands.QUEUED):
                return 0
        with self._sequencer.batch() as batch:
            queued = commands.in_state(batch.connection, commands.QUEUED)
            indexes = [batch.add(entry.OBJECT, _entry(one, now_s), now_s) for one in queued]
            batch.write()
            for one, index in zip(queued, indexes, strict=True):
                commands.logged(batch.connection, one.id, index)
        return len(queued)

    def due(self, now_s: int) -> Sequence[Command]:
        """What is to be published now; what is too old never is."""
        with self._database.reading() as connection:
            undecided = [one for state in commands.UNDECIDED for one in commands.in_state(connection, state)]
            if not undecided:
                return []
            found = commands.due(connection, now_s)
        if any(not now_s < one.dies_utc_s <= now_s + commands.LIFE_S_MAX for one in undecided):
            with self._database.writing() as connection:
                commands.bury(connection, now_s)
        return found

    def sent(self, one: Command, now_s: int) -> None:
        """It is handed to the broker now."""
        again_s = FIRST_RETRY_S << one.attempts if one.verb == link.STOP else LIFE_S
        with self._database.writing() as connection:
            commands.sent(connection, one.id, now_s + again_s)

    def step(self) -> int:
        """Read the next slice of verdicts for results; return how many verdicts that was."""
        kinds = (record.START, record.STOP, record.EVENT)
        return deciding.step(self._database, STAGE, kinds, _decide, self._at)


def _entry(one: Command, now_s: int) -> bytes:
    quoted = {"account": one.account, "boot": one.boot, "until_s": one.until_s}
    return bytes(entry.encode_command(now_s, _note(one.controller, one.verb, quoted, one.wished_by)))


def _note(controller: str, verb: int, quoted: Mapping[str, Any], wished_by: str) -> dict[str, Any]:
    """Values of entry.COMMAND_OBJECT."""
    said = {name: quoted[name] for name in ("account", "boot", "until_s")}
    return {"controller": controller, "verb": verb, "wished_by": wished_by} | said


def _decide(connection: Connection, one: Good) -> None:
    """A record may say what became of the oldest command it can answer."""
    head = slots.head(one.record.slot)
    told = _told(head.kind, head.cause, int.from_bytes(one.record.slot[_SUBJECT], "little"))
    if told is None:
        return
    verb, state, cause = told
    for each in commands.outstanding(connection, one.record.controller_id):
        if each.verb == verb and each.attempts and _is_answer(head, one.record.log_index, each):
            commands.decided(connection, each.id, state, cause, one.record.log_index)
            return


def _is_answer(head: slots.Head, log_index: int, one: Command) -> bool:
    """True if a record came after the command, in the log and in the controller's own time.

    A backlog brings old stops after it; and what the controller did an hour later answers nothing.
    """
    if one.log_index is None or log_index < one.log_index:
        return False
    if one.boot is None or one.until_s is None or head.boot != one.boot:
        return one.boot is None or head.boot > one.boot
    return one.until_s - LIFE_S <= head.uptime_s <= one.until_s + HOUR_S


def _told(kind: int, cause: int, subject: int) -> tuple[int, str, int] | None:
    """(verb, state, cause) of the command that a record can answer."""
    if kind == record.STOP:  # whatever stopped it: it stands
        return link.STOP, commands.DONE, cause
    if kind == record.START and cause == causes.REMOTE:
        return link.START, commands.DONE, cause
    if kind == record.EVENT and cause == causes.START_REFUSED:
        return link.START, commands.REFUSED, subject
    if kind == record.EVENT and cause == causes.DID_NOT_STOP:
        return link.STOP, commands.REFUSED, cause
    return None
