"""Wells that live through a year and know the truth about it, beside what their records say.

The controller's own `Rights` (firmware core) judge every grant and end every irrigation; records, chain
and signatures are those of `SyntheticController`. Water is counted here by the hour, apart from every
register, so whatever the county's books say can be held against it.
"""

from collections import Counter

import synthetic
from karez_firmware.core.rights import Rights
from karez_gateway.verifier.statements import verifies
from karez_protocols import binding, causes, grant, record, signed, site_class
from karez_protocols.errors import ProtocolError
from synthetic import SyntheticController, make_binding, public, raw_register, zeros

HOUR_S = 3600
DAY_S = 24 * HOUR_S


def at(iso: str) -> int:
    """UTC seconds of a moment at UTC+8: 2025-03-01T06."""
    import datetime as dt

    return int(dt.datetime.fromisoformat(iso + ":00:00+08:00").timestamp())


class SeasonWell(SyntheticController):
    """One well; `method` and `ml_per_wh` say how it is metered, `flow_lph` what it gives.

    `spare`: another box than the first, bound to go on at `base_l`.
    """

    def __init__(
        self, site, *, begins_utc_s, flow_lph=60_000, method=record.METERED, ml_per_wh=2500, use=None,
        spare="", base_l=synthetic.BASE_VOLUME_L,
    ):  # fmt: skip
        self.flow_lph, self.method, self.ml_per_wh = flow_lph, method, ml_per_wh
        self.use = site_class.IRRIGATION if use is None else use
        self.base_l = base_l
        super().__init__(f"{spare}box of {site}", site)
        self.volume_l = base_l
        self.binding = self._bound(begins_utc_s)
        self.h = synthetic.chain.genesis(self.chain, self.binding)
        self.rights = Rights(site)
        self.utc_s = self.began_utc_s = begins_utc_s
        self.energy_wh = 0
        self.litres_by_hour = Counter()  # the truth: hour of UTC in which the water was counted
        self.energy_by_hour = Counter()
        self.refused = []  # causes of starts that were refused
        self.ended = []  # (utc_s, cause) of irrigations
        self.reported = 0

    def _bound(self, begins_utc_s):
        body, *_ = signed.split(binding.LABEL, make_binding(self.key, self.site, base_l=self.base_l))
        values, segments = binding.decode(body)
        # A spare goes on with the meter that is there: its register stood so when W was the base.
        segments[0]["register_base"] = self.base_l - synthetic.BASE_VOLUME_L
        values |= {
            "class": self.use,
            "issued_utc_s": begins_utc_s - DAY_S,
            "upper_ml_per_wh": 2 * self.ml_per_wh,
        }
        if self.method != record.METERED:
            segments = [
                zeros(binding.SEGMENT)
                | {
                    "quantity": binding.WATER,
                    "method": self.method,
                    "profile": "sdm630",
                    "serial": f"E-{self.site}",
                    "base": synthetic.BASE_VOLUME_L,
                    "multiplier_ppm": 1_000_000,
                }
            ]
        return synthetic.sign(synthetic.PROVISIONER, binding.LABEL, binding.encode(values, segments))

    # -- what comes down -----------------------------------------------------------------

    def offer(self, data: bytes) -> int:
        """Judge a grant as the controller does; return the cause of its refusal or causes.NONE."""
        try:
            body, message, signature = signed.split(grant.LABEL, data)
            values, rows = grant.decode(body)
        except ProtocolError:
            self.refuse(causes.GRANT_REFUSED_FORM, data)
            return causes.GRANT_REFUSED_FORM
        cause = causes.GRANT_REFUSED_SIGNATURE
        if verifies(public(synthetic.REGULATOR), signature, message):
            cause = self.rights.judge(values, True)
        if cause:
            self.refuse(cause, data, values["seq"])
            return cause
        self.rights.install(values, rows)
        self.accept_grant(data)
        return causes.NONE

    # -- what the farmer does --------------------------------------------------------------

    def measure(self, kind, litres=0, after_s=synthetic.INTERVAL_S, **values):
        """Every measuring record says energy and method, and the bytes of the meter's register."""
        mine = {"energy_wh": self.energy_wh, "method": self.method}
        if self.method == record.METERED:
            mine["water_raw"] = raw_register(self.volume_l + litres - synthetic.BASE_VOLUME_L)
        return super().measure(kind, litres, after_s, **(mine | values))

    def measured(self, kind, litres, after_s, **values):
        """A measuring record that ties litres and energy together, and the truth beside it."""
        energy_wh = litres * 1000 // self.ml_per_wh
        self.energy_wh += energy_wh
        slot = self.measure(kind, litres, after_s, **values)
        hour = self.utc_s // HOUR_S
        self.litres_by_hour[hour] += litres
        self.energy_by_hour[hour] += energy_wh
        return slot

    def rest_until(self, utc_s):
        """One idle record a day, and one at the moment itself."""
        while utc_s - self.utc_s > DAY_S:
            self.measured(record.INTERVAL, 0, DAY_S)
        self.measured(record.INTERVAL, 0, utc_s - self.utc_s)

    def irrigate_from(self, utc_s, hours):
        """Press start; run for some hours or as long as the right lasts. Return litres."""
        self.rest_until(utc_s)
        cause = self._no_right(False)
        if cause:
            self.refused.append(cause)
            self.event(causes.START_REFUSED, cause)
            return 0
        self.pump = 3
        self.measured(record.START, 0, 10, ceiling_l=self._ceiling() or 0)
        taken = 0
        cause = causes.BUTTON
        for _ in range(hours):
            litres = self._possible(self.flow_lph)
            self.measured(record.INTERVAL, litres, HOUR_S)
            taken += litres
            cause = self._no_right(True) or causes.BUTTON
            if cause != causes.BUTTON:
                break
        self.pump = 0
        self.measured(record.STOP, 0, 10, cause=cause, ceiling_l=self._ceiling() or 0)
        self.ended.append((self.utc_s, cause))
        self.checkpoint()
        return taken

    def _ceiling(self):
        return self.rights.ceiling(grant.WATER, self.utc_s, True)[0]

    def _no_right(self, in_progress):
        if self.use == site_class.DOMESTIC:
            return causes.NONE  # drinking water knows no right (core/permission.py)
        return self.rights.exceeded(self.volume_l, self.energy_wh, self.utc_s, in_progress)

    def _possible(self, litres):
        """What an hour gives before the ceiling ends it."""
        ceiling_l = self._ceiling()
        is_bound = self.use != site_class.DOMESTIC and self.rights.policy != grant.WARN
        if not is_bound or ceiling_l is None:
            return litres
        return max(0, min(litres, ceiling_l - self.volume_l))

    # -- what the truth is --------------------------------------------------------------------

    def litres_in(self, span):
        """Litres that the well gave in a span of whole hours."""
        hours = range(span.from_utc_s // HOUR_S, span.to_utc_s // HOUR_S)
        return sum(litres for hour, litres in self.litres_by_hour.items() if hour in hours)

    def energy_in(self, span):
        """Wh that it used in a span of whole hours."""
        hours = range(span.from_utc_s // HOUR_S, span.to_utc_s // HOUR_S)
        return sum(energy_wh for hour, energy_wh in self.energy_by_hour.items() if hour in hours)

    def fresh_payloads(self):
        """Frames of what has been recorded since the last call."""
        first, self.reported = self.reported + 1, self.seq
        return self.payloads(first)
