"""Whole readings of one meter: every request of its profile, or no values at all.

A reading is of one cycle. If one request fails after its tries, the reading ends with that
status and every value unknown: an old value is never repeated, and a missing one is never
a zero. Only a refusal of what is asked beside the total leaves the rest standing.
"""

from karez_protocols.constant import const

from .flow_of_totals import FlowOfTotals
from .master import EXCEPTION, INVALID, OK, TRIES

# DL/T 645-2007 has a meter answer within 500 ms. A meter long silent that makes others late is
# given no more, but for every eighth probe: some take longer.
_PROBE_US = const(500_000)
RAW_BYTES = 8  # a record's place for the total's registers, filled up with zeros behind


class MeterReader:
    """Reads one meter by its Profile, at `address`, over a Master it shares with others.

    `begin(master, now_us)`, then after each turn of the master `step(master, now_us)` until it
    returns the reading, a dict. A step that yields lets others use the line between two requests,
    also while a late answer may come: `is_paused` then says so, and the next `begin`, from
    `due_us` on, goes on where it stopped.

        status     master.OK, SILENT, CRC, NOISE, EXCEPTION; INVALID = answers in
                   order, but the total in them is unknown
        values     {name: integer or None} as the profile names them
        raw        the registers of the total as they stood on the wire, 8 bytes
        at_ms      when the answer with the total was complete, None without one
        code       the meter's exception code, else 0
        measuring  False: the meter itself says it cannot measure; None: it cannot say
        modulus    where the total rolls over, None if not known
        step       the least by which the total can move now

    `counts[status]` counts readings, `disturbed[status]` those begun while a contactor switched.
    """

    def __init__(self, profile, address):
        self.profile = profile
        self.address = address
        self.codec = profile.codec
        self.line = (profile.baud, profile.parity, profile.stop_bits)
        self.character_bits = profile.character_bits
        self.counts = [0] * (INVALID + 1)
        self.disturbed = [0] * (INVALID + 1)
        self.is_disturbed = False
        self.is_paused = False
        self.lost_us = 0  # to failed tries of this reading, of requests that were answered in the end
        self.spent_us = 0  # the line's time, up to a pause
        # What the bus keeps of each meter: failed readings in a row, when it may be read again,
        # and up to when its failed tries are paid for.
        self.failed = self.due_us = self.paid_us = 0
        self._tries = TRIES
        self._answers = None  # the ReplyReader of this reading
        self._flow = None
        if profile.total == "volume_l" and "flow_lph" not in profile.unknown():
            self._flow = FlowOfTotals()
        self._replies: list = []
        self._total_us = 0
        self._request = None
        self._is_reading = False

    def begin(self, master, now_us, tries=TRIES, answers=None):
        """Start or go on; `answers`: the ReplyReader for it. False if the master is busy with another."""
        if not self.is_paused:
            self._replies = []
            self._tries = tries
            self._answers = answers
            self.lost_us = self.spent_us = 0
        self.is_paused = False
        self._is_reading = self._ask(master, now_us)
        return self._is_reading

    def cancel(self, master):
        """Drop the reading, if one is going on: a stop goes first. It leaves no trace."""
        if self._is_reading:
            master.cancel()
        self._is_reading = self.is_paused = False

    def step(self, master, now_us, yields=False):
        """Return the reading when it has just ended, else None. Call after each turn of the master."""
        if master.request is not self._request:
            # Cancelled over our head, and the master has gone on to another meter.
            self._is_reading = False
        if not self._is_reading or not master.is_done():
            return None
        self.lost_us += master.lost_us
        is_total = len(self._replies) == self.profile.total_request
        is_refused = master.status == EXCEPTION and not is_total
        if master.status != OK and not is_refused:
            return self._end(master.status, self.profile.unknown(), master.code)
        if is_total:
            self._total_us = master.answered_us
        # A meter may lack what it is asked beside its total: that stays unknown, the rest stands.
        self._replies.append(None if is_refused else master.data)
        if self.paid_us <= now_us:
            self._tries = TRIES  # a meter that answers once is worth the usual effort, if nobody waits
        if len(self._replies) < len(self.profile.requests):
            self.due_us = max(self.due_us, master.late_us(self.address))
            self.is_paused = yields or self.due_us > now_us  # others have the line until that is past
            self._is_reading = not self.is_paused and self._ask(master, now_us)
            return None
        values = self.profile.decode(self._replies)
        if self._flow:
            values["flow_lph"] = self._flow.take(values["volume_l"], self._total_us)
        return self._end(INVALID if values.get(self.profile.total, 0) is None else OK, values, 0)

    def _ask(self, master, now_us):
        self._request = self.profile.request(len(self._replies), self.address)
        profile = self.profile
        timeout_us = profile.reply_timeout_us
        if self._tries == 1 and self.paid_us > now_us and self.failed & 7:
            timeout_us = min(timeout_us, _PROBE_US)
        options = (timeout_us, profile.byte_gap_us, profile.request_gap_us, self._tries)
        return master.start(self._request, now_us, options, self._answers)

    def _end(self, status, values, code):
        self._is_reading = False
        (self.disturbed if self.is_disturbed else self.counts)[status] += 1
        reading = {
            "status": status,
            "values": values,
            "raw": bytes(RAW_BYTES),
            "at_ms": None,
            "code": code,
            "measuring": None,
            "modulus": None,
            "step": 1,
        }
        if status in (OK, INVALID):
            raw = self.profile.total_raw(self._replies)
            reading["raw"] = raw + bytes(RAW_BYTES - len(raw))
            reading["at_ms"] = self._total_us // 1000
            reading["measuring"] = self.profile.is_measuring(values)
            reading["modulus"] = self.profile.total_modulus(self._replies)
            reading["step"] = self.profile.total_step(self._replies)
        self._replies = []
        return reading
