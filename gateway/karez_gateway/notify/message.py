"""What is said: one JSON document for a webhook, one e-mail of one alarm or of many. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from karez_gateway.calendars import Calendar
from karez_gateway.county.alarms import words
from karez_gateway.county.alarms.places import Places
from karez_gateway.store.alarms import Alarm
from karez_gateway.store.notices import Notice
from karez_gateway.verifier.plurals import filled

FORMAT = "karez-alarms/1"
SIGNATURE, DELIVERY = "Karez-Signature", "Karez-Delivery"
NAMED_MAX = 50  # alarms written out in an e-mail; how many more there are is said
TO_SITE = "karez gateway alarms show"


def facts(one: Alarm, places: Places) -> dict[str, Any]:
    """An alarm for a program: every figure as an integer with its unit in its name, and both texts."""
    return {
        "id": one.id,
        "rule": one.rule,
        "kind": one.kind,
        "subject": one.subject,
        "subject_name": places.name(one.kind, one.subject),
        "line": one.line,
        "severity": one.severity,
        "state": one.state,
        "times": one.times,
        "raised_utc_s": one.raised_utc_s,
        "last_utc_s": one.last_utc_s,
        "over_utc_s": one.over_utc_s,
        "cleared_utc_s": one.cleared_utc_s,
        "step": one.step,
        "value": one.value,
        "facts": dict(one.facts),
        "text_en": words.say(one.rule, one.line, one.value, one.facts, "en"),
        "text_zh": words.say(one.rule, one.line, one.value, one.facts, "zh"),
    }


def document(gateway: str, notices: Sequence[Notice], places: Places, now_s: int) -> bytes:
    """The body for a webhook. `delivery` is the same when the same is tried again."""
    said = {
        "format": FORMAT,
        "gateway": gateway,
        "sent_utc_s": now_s,
        "delivery": delivery(notices),
        "notices": [
            {"id": one.id, "word": one.word, "utc_s": one.utc_s, "alarm": facts(one.alarm, places)}
            for one in notices
        ],
    }
    return json.dumps(said, ensure_ascii=False).encode()


def delivery(notices: Sequence[Notice]) -> str:
    """A name for what goes together: whoever has it already throws the second away."""
    return f"{notices[0].id}-{notices[-1].id}" if notices else "test"


def signature(secret: str, now_s: int, body: bytes) -> str:
    """`t=SECONDS,v1=HEX`: HMAC-SHA256 over the seconds, a dot and the body."""
    mac = hmac.new(secret.encode(), f"{now_s}.".encode() + body, hashlib.sha256)
    return f"t={now_s},v1={mac.hexdigest()}"


_TEXT: Mapping[str, Mapping[str, str]] = {
    "en": {
        "one": "[{severity}] {subject}: {rule}",
        "many": "{count:alarm|alarms}, {urgent} of them urgent",
        "line": "{time}  [{severity}] {kind} {subject}: {text}",
        "more": "… and {count} more: karez gateway alarms list",
        "end": "Acknowledge: karez gateway alarms acknowledge {id} --because TEXT",
        "test": "This is a test of gateway {gateway}. No alarm has been raised.",
        "subject": "test",
    },
    "zh": {
        "one": "［{severity}］{subject}：{rule}",
        "many": "{count} 条报警，其中紧急 {urgent} 条",
        "line": "{time} ［{severity}］{kind} {subject}：{text}",
        "more": "……另有 {count} 条：karez gateway alarms list",
        "end": "确认：karez gateway alarms acknowledge {id} --because 说明",
        "test": "这是网关 {gateway} 的测试信息，没有发生报警。",
        "subject": "测试",
    },
}


def mail(
    gateway: str,
    sender: str,
    to: str,
    notices: Sequence[Notice],
    places: Places,
    calendar: Calendar,
    language: str,
    now_s: int,
    count: int = 0,
) -> EmailMessage:
    """One e-mail of all of them; none: a test. `count`: how many there are, if more than are given."""
    text = _TEXT[language]
    found = EmailMessage()
    found["From"], found["To"] = sender, to
    found["Date"] = format_datetime(calendar.local(now_s))
    found["Message-ID"] = f"<{delivery(notices)}.{now_s}@{sender.rpartition('@')[2]}>"
    found["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers
    lines = [_line(one, places, calendar, language) for one in notices[:NAMED_MAX]]
    if not notices:
        title, lines = text["subject"], [text["test"].format(gateway=gateway)]
    elif len(notices) == 1:
        one = notices[0].alarm
        title = text["one"].format(
            severity=_word(words.SEVERITIES, one.severity, language),
            subject=places.name(one.kind, one.subject, language),
            rule=words.rule(one.rule, language),
        )
    else:
        urgent = sum(1 for one in notices if one.alarm.severity == "urgent")
        title = filled(text["many"], {"count": max(count, len(notices)), "urgent": urgent})
    more = max(count, len(notices)) - NAMED_MAX
    if more > 0:
        lines.append(text["more"].format(count=more))
    if notices:
        lines += ["", text["end"].format(id=notices[0].alarm.id)]
    found["Subject"] = f"Karez {gateway}: {title}".replace("\n", " ").replace("\r", " ")
    found.set_content("\n".join(lines) + "\n")
    return found


def _word(known: Mapping[str, str], word: str, language: str) -> str:
    return known.get(word, word) if language == "zh" else word


def _line(one: Notice, places: Places, calendar: Calendar, language: str) -> str:
    alarm = one.alarm
    said = words.say(alarm.rule, alarm.line, alarm.value, alarm.facts, language)
    state = _word(words.STEPS, one.word, language)
    return _TEXT[language]["line"].format(
        time=calendar.local(one.utc_s).strftime("%Y-%m-%d %H:%M"),
        severity=_word(words.SEVERITIES, alarm.severity, language),
        kind=_word(words.KINDS, alarm.kind, language),
        subject=places.name(alarm.kind, alarm.subject, language),
        text=f"{said} ({state})" if language == "en" else f"{said}（{state}）",
    )
