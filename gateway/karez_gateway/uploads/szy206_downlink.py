"""SZY 206 / SL/T 427 requests: address, password, age and repeats by szy206_responder, then the rules."""

from karez_gateway.errors import Refused
from karez_protocols import szy206_responder as responders
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206 import Dialect, Frame
from karez_protocols.szy206_commands import Command, decode_values
from karez_protocols.szy206_functions import (
    CONFIRMED,
    DEVICE_DONE,
    DEVICE_PUMP,
    STOP_DEVICE,
    aux_lengths,
)
from karez_protocols.szy206_time import utc_of

from .downlink_rules import STALE_S_MAX, SZY206, Outcome, Permissions, Rule, Verdict, rule_of
from .station_view import StationView, is_fresh
from .szy206_answers import Question, Values, values_of

NOT_DONE = 0  # high nibble of the answer to 92H and 93H: anything but A
PUMPS = (0, 1)  # a well has one, and platforms count from 0 or from 1
_NO_PASSWORD = b""  # equal to none of two bytes

_DROPPED = {
    responders.DROP_DIRECTION: "not a centre's question",
    responders.DROP_ADDRESS: "for another station",
    responders.DROP_FUNCTION: "no source says what it does",
    responders.DROP_FCB: "the platform has given up",
    responders.DROP_DIVIDED: "a question in parts",
    responders.DROP_MALFORMED: "password or time tag are malformed",
    responders.DROP_PASSWORD: "wrong password",
    responders.DROP_STALE: "older than its time tag allows",
}


class Szy206Downlink:
    """One destination's stations. A repeat of what was answered gets the same answer, nothing else."""

    def __init__(self, dialect: Dialect, permissions: Permissions) -> None:
        """Remember nothing yet: what is forgotten at a restart added nothing anywhere."""
        self._dialect = dialect
        self._password = permissions.password
        self._responders: dict[bytes, responders.Responder] = {}

    def station_of(self, frame: Frame) -> bytes:
        """Whose frame it is."""
        return frame.address

    def function_of(self, frame: Frame) -> int:
        """Its function."""
        return int(frame.afn)

    def judge(self, frame: Frame, view: StationView, now_utc_s: int) -> Outcome:
        """What comes of a request. A command is only named."""
        rule = rule_of(SZY206, frame.afn)
        if frame.afn in CONFIRMED:
            return Outcome(Verdict.REFUSED, rule.what, rule.reason)
        if self._password is None and aux_lengths(False, frame.afn, self._dialect)[0]:
            return Outcome(Verdict.REFUSED, rule.what, "no password is set for this destination")
        responder = self._responder(frame)
        verdict = responder.judge(frame, now_utc_s)
        if verdict == responders.REPEAT:
            reply = responder.again(frame, now_utc_s)
            return Outcome(Verdict.REPEATED, rule.what, "answered as before", reply)
        if verdict != responders.EXECUTE:
            return Outcome(Verdict.DROPPED, rule.what, _DROPPED[verdict])
        try:
            return self._ruled(rule, frame, view, now_utc_s)
        except Refused as error:
            return Outcome(Verdict.REFUSED, rule.what, str(error))
        except ProtocolError as error:
            return Outcome(Verdict.DROPPED, rule.what, f"malformed: {error}")

    def told(self, frame: Frame, view: StationView, now_utc_s: int, *, is_done: bool) -> bytes:
        """The answer to 92H or 93H. A stop is done, too, if a verified record says that the pump stands."""
        number = self._command(frame).values["number"]
        if frame.afn == STOP_DEVICE and not is_done:
            is_done = _stands(view, now_utc_s)
        outcome = DEVICE_DONE if is_done else NOT_DONE
        return self._answered(frame, {"outcome": outcome, "number": number}, now_utc_s)

    def _ruled(self, rule: Rule, frame: Frame, view: StationView, now_utc_s: int) -> Outcome:
        command = self._command(frame)
        asked = command.values
        if rule.verdict is Verdict.COMMAND:
            apart_s = self._apart_s(command, now_utc_s)
            if apart_s > STALE_S_MAX:
                reason = f"its time tag is {apart_s} s from our clock, more than {STALE_S_MAX}"
                return Outcome(Verdict.DROPPED, rule.what, reason)
            if asked["device"] != DEVICE_PUMP or asked["number"] not in PUMPS:
                reply = self._answered(frame, {"outcome": NOT_DONE, "number": asked["number"]}, now_utc_s)
                return Outcome(Verdict.REFUSED, rule.what, "the well has one pump and no such device", reply)
            return Outcome(Verdict.COMMAND, rule.what, verb=rule.verb)
        answer: bytes | None = None
        if rule.verdict is Verdict.ANSWERED or rule.tells_state:
            errors = self._responder(frame).password_errors
            question = Question(frame, asked, view, self._dialect, now_utc_s, errors)
            answer = self._answered(frame, values_of(question), now_utc_s)
        return Outcome(rule.verdict, rule.what, rule.reason, answer)

    def _apart_s(self, command: Command, now_utc_s: int) -> int:
        """How far a command's tag is from our clock: a recorded one must not stop a pump years later."""
        if command.tag is None:
            return STALE_S_MAX + 1
        return abs(now_utc_s - utc_of(command.tag, self._dialect.utc_offset_s, now_utc_s))

    def _command(self, frame: Frame) -> Command:
        found = decode_values(frame, self._dialect)
        if not isinstance(found, Command):
            raise Refused("not a centre's question")
        return found

    def _answered(self, frame: Frame, values: Values, now_utc_s: int) -> bytes:
        return bytes(self._responder(frame).answered(frame, values, now_utc_s))

    def _responder(self, frame: Frame) -> responders.Responder:
        found = self._responders.get(frame.address)
        if found is None:
            password = _NO_PASSWORD if self._password is None else self._password
            found = responders.Responder(frame.address, password, self._dialect)
            self._responders[frame.address] = found
        return found


def _stands(view: StationView, now_utc_s: int) -> bool:
    try:
        newest = view.newest()
    except Refused:
        return False
    return newest is not None and is_fresh(newest, now_utc_s) and newest.is_pump_running is False
