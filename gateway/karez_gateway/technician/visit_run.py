"""One visit, step by step: asked, done at the box, judged, and written down before the next."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

from . import (
    commissioning_file,
    guide,
    judgement,
    report,
    visit_acts,
    visit_answers,
    visit_carry,
    visit_document,
    visit_runs,
    visit_steptest,
)
from .commissioning import Technician
from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    from .commissioning import Commissioning
    from .speech import Speech
    from .visit_answers import Answers
    from .visit_box import Box
    from .visit_file import Visit

ACTS: dict[str, Any] = {
    "box": visit_acts.box,
    "named": visit_acts.named,
    "scan": visit_acts.scan,
    "config": visit_acts.config,
    "relay": visit_acts.relay,
    "grant": visit_acts.grant,
    "photos": visit_acts.photos,
    "binding": visit_acts.of_binding,
    "step-test": visit_steptest.step_test,
    "end": visit_acts.end,
    "register": visit_runs.register,
    "running": visit_runs.running,
    "ct": visit_runs.ct,
    "flow": visit_runs.flow,
    "resting": visit_runs.resting,
    "dial": visit_runs.dial,
    "pulses": visit_runs.pulses,
    "old-meter": visit_runs.old_meter,
    "swap": visit_runs.swap,
    "carry": visit_carry.carry,
    "books": visit_carry.books,
}
# A failed check that is done again begins here: a dial is read before the pump runs.
_AGAIN_FROM = {"dial": ("dial-before", "start", "flow", "stop", "dial-after")}


def run(visit: Visit, path: Path, box: Box, answers: Answers, speech: Speech) -> int:
    """Do what is left of a visit; return how many steps that was. Raises Trouble, the file as it stands."""
    count = 0
    _same_box(visit, box)
    while (step := guide.following(visit.kind, visit.quantities, visit.done, visit.pulses)) is not None:
        _tell(speech, "visit-step", step=step)
        why = answers.skip(step) if step.may_skip else None
        if why is not None:
            visit.skipped[step.name] = why
        else:
            said = answers.of(step)
            found = ACTS[step.act](visit, box, step, said, _teller(speech)) if step.act else {}
            visit.answers[step.name], visit.found[step.name] = said, found
            _judge(visit, step, found, answers, speech)
        visit.save(path)
        count += 1
    return count


def _same_box(visit: Visit, box: Box) -> None:
    """A visit that is taken up again goes on at the same box. Raises WrongUse."""
    began = visit.found.get("box", {}).get("controller")
    if began is not None and began != box.identity["controller"]:
        raise WrongUse("box-other", name=box.identity["controller"], wanted=began)


def _judge(visit: Visit, step: guide.Step, found: dict[str, Any], answers: Answers, speech: Speech) -> None:
    """Say what a check gave; a failed one is done again, or stays failed if the person wants it so."""
    if "check" not in found:
        return
    check = visit_document.check_of(step.check, found["check"])
    reason = judgement.reason(check)
    if reason is None:
        _tell(speech, "visit-passed", step=step)
        return
    _tell(speech, "visit-failed", step=step, why=speech.text("why-" + reason))
    if not answers.is_kept(step):
        begin = _AGAIN_FROM.get(step.check, (step.name,))
        for name in list(visit.found):
            if any(name in (one, f"{one}-{step.quantity}") for one in begin):
                del visit.found[name]


def _teller(speech: Speech) -> Any:
    return lambda name, **values: _tell(speech, name, **values)


def _tell(speech: Speech, name: str, **values: Any) -> None:
    """To a person a sentence, to a program one line of JSON."""
    if speech.as_json:
        told = {one: value.name if isinstance(value, guide.Step) else value for one, value in values.items()}
        speech.tell({"do": name.removeprefix("visit-"), **told}, is_one_line=True)
    step = values.get("step")
    speech.say(name, title=visit_answers.title(speech.language, step) if step else "", **values)


def signed(visit: Visit, box: Box) -> bytes:
    """The signed file of a visit that is over. Raises Faulty."""
    return commissioning_file.encode(document(visit, box), box.who.key)


def document(visit: Visit, box: Box) -> Commissioning:
    """What the visit says, by this technician."""
    key = box.who.key.public_key().public_bytes_raw().hex()
    return visit_document.commissioning(visit, Technician(number=box.who.number, key=key))


def write(data: bytes, path: Path, speech: Speech) -> list[dict[str, Any]]:
    """Write the file and both pages; return name, size and digest of each. Raises WrongUse."""
    found = commissioning_file.decode(data, path)
    paper, lacking = report.pdf(found, "both")
    out = []
    for file, content in (
        (path, data),
        (path.with_suffix(".html"), report.html(found, "both")),
        (path.with_suffix(".pdf"), paper),
    ):
        commissioning_file.write(file, content, is_replaced=True)
        out.append({"file": str(file), "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        speech.say("report-made", file=file, size=len(content))
    if lacking:
        speech.say("report-glyphs", marks=" ".join(lacking))
    return out


def now_utc_s() -> int:
    """The laptop's clock."""
    return int(time.time())
