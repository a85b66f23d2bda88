"""Meters' answers go into the recorder and the books; what they mean becomes events (design §5)."""

from karez_protocols import causes, flags
from karez_protocols.constant import const

from . import register

_HELD_MS = const(60_000)  # wild readings that come and go are one event as long as they do


class Readings:
    """The meters of one site. `log` writes events and gap records (event_log.py)."""

    def __init__(self, recorder, books, clock, log):
        self._recorder = recorder
        self._books = books
        self._clock = clock
        self._log = log
        self._held_ms = None  # when a reading was held last
        # Trusted time from the last good reading of water, and of energy, to this run; None when not known.
        self.outage_s = self.energy_outage_s = None

    def take(self, inputs, is_open, now_ms):
        """Take what the meters answered. `is_open`: commanded open, and nothing runs."""
        recorder, books = self._recorder, self._books
        books.utc_s = self._clock.utc_s if self._clock.is_trusted else None
        if inputs.level is not None:
            self._meter(recorder.level, inputs.level, flags.LEVEL_SILENT, now_ms)
        if inputs.witness is not None:
            self._meter(recorder.witness, inputs.witness, flags.WITNESS_SILENT, now_ms)
        if inputs.energy is not None:
            self._meter(recorder.energy, inputs.energy, flags.ENERGY_SILENT, now_ms)
            value = recorder.energy.value("energy_wh")
            if value is not None:
                self._energy(inputs.energy, value, is_open, now_ms)
        if inputs.water is not None:
            self._meter(recorder.water, inputs.water, flags.WATER_SILENT, now_ms)
            value = recorder.water.value("volume_l")
            if value is not None:
                self._water(inputs.water, value, is_open, now_ms)
        self._stand(now_ms)

    def _energy(self, reading, value, is_open, now_ms):
        since_s = self._since_s(reading["at_ms"])
        result = self._books.read_energy(
            value, reading["at_ms"], self.energy_outage_s, reading["step"], reading["modulus"], is_open,
            reading["values"].get("energy_export_wh"),
        )  # fmt: skip
        if self._books.is_converted:
            self._after(result, since_s, now_ms)
        self._log.flush(now_ms)  # before another register opens a segment

    def _water(self, reading, value, is_open, now_ms):
        values, since_s = reading["values"], self._since_s(reading["at_ms"])
        # A meter that says it measures nothing (no signal, empty pipe) is offered too: what P
        # counts meanwhile is never taken back.
        result = self._books.read_water(
            value, reading["at_ms"], self.outage_s, reading["step"], reading["modulus"], is_open,
            values.get("volume_rev_l"), values.get("flow_lph"), reading["measuring"],
        )  # fmt: skip
        self._after(result, since_s, now_ms)
        self._log.flush(now_ms)

    def _since_s(self, at_ms):
        """Length of what ends with this reading: a silence in this run, else the outage before it."""
        last_ms = self._books.water.last_ms
        return self.outage_s if last_ms is None else (at_ms - last_ms + 999) // 1000

    def _after(self, result, since_s, now_ms):
        """A gap has its record; a reading that stays undecided asks for a person, once."""
        recorder, books = self._recorder, self._books
        if books.gap is not None:
            before, books.gap = books.gap, None
            utc_s = self._clock.utc_s if self._clock.is_trusted else None
            self._log.write(recorder.gap(before, since_s, utc_s, now_ms), now_ms)
        if result in (register.HELD, register.UNCERTAIN) and books.is_known:
            self._hold(now_ms)
        if result == register.UNCERTAIN and not recorder.alarms & flags.UNCERTAIN:
            recorder.alarms |= flags.UNCERTAIN
            self._log.event(causes.SEGMENT_UNCERTAIN, now_ms)

    def _hold(self, now_ms):
        """A held reading is recorded raw (design §5), the first of those that follow one another."""
        if self._held_ms is None or now_ms - self._held_ms > _HELD_MS:
            self._log.note(causes.READING_HELD, now_ms)
        self._held_ms = now_ms

    def _stand(self, now_ms):
        """Alarms that stand as long as the books say so."""
        recorder, books = self._recorder, self._books
        if books.is_stuck and not recorder.alarms & flags.STUCK:
            self._log.note(causes.METER_STUCK, now_ms)
        recorder.raise_if(flags.UNCERTAIN, books.is_uncertain and recorder.alarms & flags.UNCERTAIN)
        recorder.raise_if(flags.REVERSED, books.is_reversed)
        recorder.raise_if(flags.STUCK, books.is_stuck)

    def _meter(self, meter, reading, alarm, now_ms):
        meter.take(reading, now_ms)
        was_silent = self._recorder.alarms & alarm
        if meter.is_gone(now_ms) and not was_silent:
            self._recorder.alarms |= alarm
            self._log.note(causes.METER_SILENT, now_ms, meter.state)
        elif was_silent and not meter.state:
            self._recorder.alarms &= ~alarm
            self._log.note(causes.METER_BACK, now_ms)
