"""Everything that must agree before water may be taken, and that may end it (design §6, domain §7).

Each cause is somebody's: an office's, the motor's, the calendar's, the well's right, the
account's. The gravest is told. Drinking water knows no right, books or store: only an order, a
protection and its own windows stop it. An emergency opens litres, never an order.
"""

from karez_protocols import binding, causes, grant, site_class
from karez_protocols.constant import const

_TRIAL_MS = const(4_500)  # a trial ends within 5 s: control runs every 250 ms


def is_protected(site):
    """True for drinking water: domestic wells, and livestock where the binding says so."""
    if site["class"] == site_class.DOMESTIC:
        return True
    return site["class"] == site_class.LIVESTOCK and site["fail"] == binding.FAIL_RUNNING


class Permission:
    """Right, orders, windows, account and lock-out of one site, asked in a fixed order."""

    def __init__(self, site, settings, parts):
        self._rated_power_w = site["rated_power_w"]
        self._rated_flow_lph = site["rated_flow_lph"]
        self._settings = settings
        self._parts = parts
        self.is_protected = is_protected(site)
        self.is_emergency = False  # of the irrigation in progress
        self.is_trial = False  # it only shows that the contactor closes and opens
        self.acknowledged_volume_l = None  # W in the last record the gateway confirmed

    def refusal(self, account, is_emergency, now_ms):
        """Return why this account may not start now, causes.NONE when everything agrees."""
        parts = self._parts
        cause = self._ordered() or parts.protection.lockout.refusal(now_ms) or self._scheduled(0)
        if cause or self.is_protected:
            return cause
        if not parts.books.is_known or parts.books.is_uncertain:
            return causes.BOOKS_UNKNOWN
        return self._entitled(account, False, is_emergency, now_ms)

    def ends(self, account, run_ms, flow_lph, now_ms):
        """Return why the pump must stop now, causes.NONE while everything agrees."""
        if self.is_trial and run_ms >= _TRIAL_MS:
            return causes.RUN_TIME
        cause = self._ordered() or self._scheduled(run_ms // 1000)
        if cause or self.is_protected:
            return cause
        return (
            self._entitled(account, True, self.is_emergency, now_ms)
            or self._nearly(account, flow_lph)
            or self._dry(run_ms)
        )

    def is_due(self, account, run_ms, ahead_ms, now_ms):
        """True if this run may end within `ahead_ms`, whatever can flow and turn meanwhile."""
        clock, run_ms, ends_s = self._parts.clock, run_ms + ahead_ms, self.ends_in_s()
        cause = self._scheduled(run_ms // 1000) or self._parts.orders.cause(
            clock.utc_s + ahead_ms // 1000 + 1, clock.is_trusted, self.is_protected
        )
        # A trial is over in seconds.
        if cause or self.is_trial or (ends_s is not None and ends_s * 1000 <= ahead_ms):
            return True
        if self.is_protected:
            return False
        cause = self._entitled(account, True, self.is_emergency, now_ms, ahead_ms) or self._dry(run_ms)
        return cause != causes.NONE

    def _dry(self, run_ms):
        """C1 stops a pump that lifts no water, once this run has lasted as long as that takes."""
        is_long = run_ms >= self._settings["no_water_stop_s"] * 1000
        return self._parts.crosscheck.stop_cause if is_long else causes.NONE

    def lines_passed(self):
        """Return the warning lines (percent of the right) that have been passed since the last call."""
        parts = self._parts
        return parts.warnings.passed(parts.rights.values, self.ceiling_l(False), parts.books.charged_l)

    def ceiling_l(self, in_progress):
        """Return the litres of the ceiling in force, None without a right."""
        clock = self._parts.clock
        return self._parts.rights.ceiling(
            grant.WATER, clock.date_utc_s, in_progress, in_progress and self.is_emergency, clock.is_trusted
        )[0]

    def left_l(self, in_progress, account=0):
        """Return the litres left, of whatever ends first: right, account, offline ceiling; None unknown."""
        if self.ceiling_l(in_progress) is None or self._parts.books.charged_l is None:
            return None
        return min([left_l for _, left_l in self._lefts(in_progress, account)])

    def _lefts(self, in_progress, account):
        """(cause at its end, litres left) of every ceiling that there is; the books are known."""
        parts, books = self._parts, self._parts.books
        offline_l = parts.rights.offline_ceiling_l(self.acknowledged_volume_l, self._settings["offline_l"])
        found = []
        for cause, ceiling_l in (
            (causes.WATER_CEILING, self.ceiling_l(in_progress)), (causes.OFFLINE_CEILING, offline_l),
        ):  # fmt: skip
            if ceiling_l is not None:
                found.append((cause, ceiling_l - books.charged_l))
        own_l = parts.accounts.left_l(account, books.volume_l, books.held_l)
        if own_l is not None:
            found.append((causes.ACCOUNT_EMPTY, own_l))
        return found

    def ends_in_s(self):
        """Return the seconds until a row of the grant or a window ends, None when neither does."""
        clock = self._parts.clock
        if not clock.is_trusted:
            return None
        found_s = None
        for at_utc_s in (
            self._parts.rights.changes_at(clock.utc_s), self._parts.windows.next_change(clock.utc_s),
        ):  # fmt: skip
            if at_utc_s is not None and (found_s is None or at_utc_s - clock.utc_s < found_s):
                found_s = at_utc_s - clock.utc_s
        return found_s

    def _ordered(self):
        parts = self._parts
        return parts.orders.cause(parts.clock.utc_s, parts.clock.is_trusted, self.is_protected)

    def _scheduled(self, run_s):
        clock = self._parts.clock
        return self._parts.windows.cause(clock.utc_s, clock.is_trusted, run_s)

    def _entitled(self, account, in_progress, is_emergency, now_ms, ahead_ms=0):
        """Return what ends the right now, or `ahead_ms` from now at the most that a well gives."""
        parts, books = self._parts, self._parts.books
        charged_l, held_l = books.charged_l, books.held_l
        energy_wh, bound_wh = self._energy(now_ms)
        if ahead_ms and charged_l is not None:
            ahead_l = self._rated_flow_lph * 5 * ahead_ms // (4 * 3_600_000) + 1
            charged_l, held_l = charged_l + ahead_l, held_l + ahead_l
            if energy_wh is not None:
                energy_wh += self._rated_power_w * 5 * ahead_ms // (4 * 3_600_000) + 1
            elif bound_wh is not None:
                bound_wh = self._energy(now_ms + ahead_ms)[1]
        cause = parts.rights.exceeded(
            charged_l, energy_wh, parts.clock.date_utc_s, in_progress,
            is_emergency, parts.clock.is_trusted, bound_wh,
        )  # fmt: skip
        return (
            cause
            or parts.rights.offline_exceeded(
                charged_l, self.acknowledged_volume_l, self._settings["offline_l"]
            )
            or parts.accounts.cause(account, books.volume_l, held_l)
        )

    def _energy(self, now_ms):
        """(E while its meter answers, else None; the most that E can have come to)."""
        energy = self._parts.books.energy
        if energy is None or energy.value is None or energy.last_ms is None:
            return None, None
        silent_ms = now_ms - energy.last_ms
        if silent_ms <= 2 * self._settings["poll_idle_ms"]:
            return energy.value, None
        return None, energy.value + self._rated_power_w * 5 * silent_ms // (4 * 3_600_000)

    def _nearly(self, account, flow_lph):
        """Early opening: what flows in half a poll and the contactor's delay (design §6)."""
        if flow_lph is None or flow_lph < 0:
            return causes.NONE
        ahead_ms = self._settings["poll_pumping_ms"] // 2 + self._settings["contactor_delay_ms"]
        ahead_l = min(flow_lph, self._rated_flow_lph) * ahead_ms // 3_600_000
        is_warning = self._parts.rights.policy == grant.WARN
        for cause, left_l in self._lefts(True, account):
            if left_l <= ahead_l and not (is_warning and cause == causes.WATER_CEILING):
                return cause
        return causes.NONE
