"""SL 651-2014 requests: address, password, age and repeats, then the rules.

The standard has no refusal: what is wrong is not answered (M4). A command that we do not carry out is
answered with what is so, where its answer is a state.
"""

import hashlib
from typing import Any

from karez_gateway.errors import Refused
from karez_protocols import sl651
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.sl651_frames import Frame
from karez_protocols.sl651_modes import check_command, line_of
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_times import utc_of
from karez_protocols.sl651_writing import encode_message

from .downlink_rules import SL651, STALE_S_MAX, Outcome, Permissions, Rule, Verdict, rule_of
from .sl651_answers import Question, answer_of
from .sl651_events import SessionSettings
from .station_view import StationView

# A centre repeats twice, within a minute or so; what is older was sent again by a person.
REPEAT_S_MAX = 600
REMEMBERED_MAX = 8


class Sl651Downlink:
    """One destination's stations. A repeat of a command is no second command."""

    def __init__(self, settings: SessionSettings, permissions: Permissions) -> None:
        """Remember nothing yet."""
        self._settings = settings
        self._password = permissions.password
        self._commands: dict[bytes, int] = {}  # digest of a frame that became a command -> when

    def station_of(self, frame: Frame) -> bytes:
        """Whose frame it is."""
        return bytes(frame.station)

    def function_of(self, frame: Frame) -> int:
        """Its function."""
        return int(frame.function)

    def judge(self, frame: Frame, view: StationView, now_utc_s: int) -> Outcome:
        """What comes of a request. A command is only named."""
        rule = rule_of(SL651, frame.function)
        try:
            if self._password is not None:
                check_command(frame, frame.station, int.from_bytes(self._password, "big"))
            message = decode_message(frame, self._settings.form.dialect)
        except NotAllowed as error:
            return Outcome(Verdict.DROPPED, rule.what, str(error))
        except ProtocolError as error:
            return Outcome(Verdict.DROPPED, rule.what, f"malformed: {error}")
        try:
            return self._ruled(rule, frame, message, view, now_utc_s)
        except Refused as error:
            return Outcome(Verdict.REFUSED, rule.what, str(error))

    def told(self, frame: Frame, view: StationView, now_utc_s: int, *, is_done: bool) -> Any:  # noqa: ARG002 - one signature: the state says it
        """The pump as it is: None where no fresh record knows."""
        message = decode_message(frame, self._settings.form.dialect)
        try:
            return self._answer(frame, message, view, now_utc_s)
        except Refused:
            return None

    def _ruled(self, rule: Rule, frame: Frame, message: Any, view: StationView, now_utc_s: int) -> Outcome:
        if rule.verdict is Verdict.COMMAND:
            return self._command(rule, frame, message, view, now_utc_s)
        reply = None
        if rule.verdict is Verdict.ANSWERED or rule.tells_state:
            reply = self._answer(frame, message, view, now_utc_s)
        return Outcome(rule.verdict, rule.what, rule.reason, reply)

    def _command(self, rule: Rule, frame: Frame, message: Any, view: StationView, now_utc_s: int) -> Outcome:
        sent_utc_s = utc_of(message.sent, self._settings.form.dialect.utc_offset_s)
        if abs(now_utc_s - sent_utc_s) > STALE_S_MAX:
            apart = f"its send time is {abs(now_utc_s - sent_utc_s)} s from our clock"
            return Outcome(Verdict.DROPPED, rule.what, f"{apart}, more than {STALE_S_MAX}")
        verb = "start" if message.states[0] else "stop"
        what = f"{verb} the pump"
        if any(message.states[1:]):  # who means another pump must not stop this one: there is no "leave it"
            reply = self.told(frame, view, now_utc_s, is_done=False)
            return Outcome(Verdict.REFUSED, what, "the well has one pump, and others are named", reply)
        if self._is_repeat(frame, now_utc_s):
            reply = self.told(frame, view, now_utc_s, is_done=False)
            return Outcome(Verdict.REPEATED, what, "answered with what is so", reply)
        return Outcome(Verdict.COMMAND, what, verb=verb)

    def _is_repeat(self, frame: Frame, now_utc_s: int) -> bool:
        digest = hashlib.sha256(sl651.encode(frame, self._settings.form.dialect)).digest()
        if now_utc_s - self._commands.get(digest, -REPEAT_S_MAX - 1) <= REPEAT_S_MAX:
            return True
        self._commands[digest] = now_utc_s
        if len(self._commands) > REMEMBERED_MAX:
            self._commands.pop(next(iter(self._commands)))
        return False

    def _answer(self, frame: Frame, message: Any, view: StationView, now_utc_s: int) -> Any:
        """The message of the answer. Raises Refused, also for what no frame can hold."""
        station = self.station_of(frame)
        answer = answer_of(Question(message, station, view, self._settings, now_utc_s))
        dialect = self._settings.form.dialect
        try:
            sl651.encode(encode_message(answer, line_of(frame), dialect=dialect), dialect)
        except ProtocolError as error:
            raise Refused(f"the standard cannot carry the answer: {error}") from error
        return answer
