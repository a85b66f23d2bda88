"""What people do to alarms: acknowledge them, and write down what an office might order. Each is an act."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from karez_gateway.config import Config
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import response, states, words
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.rules import RULES
from karez_gateway.errors import Refused
from karez_gateway.notify import message, queueing
from karez_gateway.store import alarms, objects
from karez_gateway.store.alarms import Alarm
from karez_gateway.store.database import Database

ACKNOWLEDGED = "alarm-acknowledged"
PROPOSED = "order-proposed"
AT_ONCE_MAX = 1000
LISTED_MAX = 100_000


def acknowledge(store: Database, config: Config, ids: Sequence[int], deed: Deed) -> list[Alarm]:
    """Say that a person knows of these; all of them or none. Raises Refused naming the one that cannot be."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Refused("no alarm fits: see karez gateway alarms list")
    if len(wanted) > AT_ONCE_MAX:
        raise Refused(f"at most {AT_ONCE_MAX} at once: narrow it with --rule, --region or --severity")
    with store.writing() as connection:
        steps = []
        for number in wanted:
            one = alarms.get(connection, number)
            if one is None:
                raise Refused(f"there is no alarm {number}: see karez gateway alarms list")
            step = states.step(one.state, states.ACKNOWLEDGE)
            if step is None:
                raise Refused(
                    f"alarm {number} is {one.state} already: see karez gateway alarms show {number}"
                )
            steps.append((one, step))
        act_id = acts.write(connection, ACKNOWLEDGED, deed, {"alarms": wanted})
        changed = [
            alarms.acknowledge(connection, one, step, deed.now_s, deed.by, act_id) for one, step in steps
        ]
        queueing.tell(connection, config, changed, deed.now_s)
    return [one.alarm for one in changed]


def show(store: Database, number: int) -> dict[str, Any]:
    """An alarm with its history and whom it was told. Raises Refused."""
    from karez_gateway.store import notices  # noqa: PLC0415 - only for this

    with store.reading() as connection:
        one = alarms.get(connection, number)
        if one is None:
            raise Refused(f"there is no alarm {number}: see karez gateway alarms list")
        places = Places(objects.registry(connection))
        return message.facts(one, places) | {
            "history": [past._asdict() for past in alarms.history(connection, number)],
            "told": notices.of_alarm(connection, number),
        }


def select(
    store: Database,
    *,
    is_open: bool = True,
    rule: str = "",
    region: str = "",
    severity: str = "",
    state: str = "",
    subject: str = "",
    limit: int = LISTED_MAX,
) -> tuple[list[Alarm], Places]:
    """Alarms that fit, the newest first, and the county they are of. Raises Refused for an unknown word."""
    for option, given, known in (
        ("rule", rule, RULES),
        ("severity", severity, words.SEVERITIES),
        ("state", state, words.STATES),
    ):
        if given and given not in known:
            raise Refused(f"--{option} is one of {', '.join(known)}, not {given}")
    with store.reading() as connection:
        places = Places(objects.registry(connection))
        if region and places.registry.get("region", region) is None:
            raise Refused(f"there is no region {region}")
        found = alarms.listed(
            connection, is_open=is_open, subjects=[subject] if subject else None, limit=LISTED_MAX
        )
    fitting = [
        one
        for one in found
        if rule in ("", one.rule)
        and severity in ("", one.severity)
        and state in ("", one.state)
        and (not region or region in places.about(one.kind, one.subject).regions)
    ]
    return fitting[:limit], places


def propose(
    store: Database, number: int, deed: Deed, keep: Callable[[bytes], None] = lambda _: None, **wishes: Any
) -> bytes:
    """The request that an office may sign, kept as an act by its digest; the act stands once `keep` has it.

    Raises Refused, and what `keep` raises: there is no act then.
    """
    with store.writing() as connection:
        one = alarms.get(connection, number)
        if one is None:
            raise Refused(f"there is no alarm {number}: see karez gateway alarms list")
        if one.state == states.CLEARED:
            raise Refused(f"alarm {number} is cleared: nothing is to be ordered from it")
        places = Places(objects.registry(connection))
        found = response.propose(places, message.facts(one, places), now_s=deed.now_s, **wishes)
        found["by"], found["because"], found["document"] = deed.by, deed.because, deed.document
        data = json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
        digest = hashlib.sha256(data).hexdigest()
        acts.write(
            connection,
            PROPOSED,
            deed,
            {"alarm": number, "kind": found["kind"], "sites": len(found["sites"]), "sha256": digest},
        )
        keep(data)
    return data
