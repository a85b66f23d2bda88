"""The right to pump: one grant in force, its rows of absolute ceilings (design §6).

Accepted if and only if signature, site and seq hold; an acknowledged head that the chain
does not hold is recorded and refuses the grant only if the grant says so. Detect, do not
punish.

Litres bind always, dates only with trusted time. Without it the caller passes the clock's
floor (clock.date_utc_s): a row that ended before the floor is over, of the others the
greatest ceiling binds.
"""

from karez_protocols import causes, grant


class Rights:
    """The grant in force and what it allows at a time."""

    def __init__(self, site):
        self._site = site
        self.values = None
        self._rows = []

    @property
    def seq(self):
        """Sequence number of the grant in force, 0 without one."""
        return self.values["seq"] if self.values else 0

    @property
    def policy(self):
        """What happens at the ceiling: grant.STOP, FINISH or WARN; STOP without a grant."""
        return self.values["policy"] if self.values else grant.STOP

    def judge(self, values, holds_head):
        """Return the cause of refusal of a grant whose signature holds, causes.NONE if accepted.

        `holds_head`: True, False, or None when the ring no longer reaches the head.
        """
        if values["site"] != self._site:
            return causes.GRANT_REFUSED_SITE
        if values["seq"] <= self.seq:
            return causes.GRANT_REFUSED_SEQ
        if holds_head is False and values["flags"] & grant.FLAG_STRICT:
            return causes.GRANT_REFUSED_HEAD
        return causes.NONE

    def install(self, values, rows):
        """Put a grant in force: it replaces the former whole."""
        self.values = values
        self._rows = rows

    def row(self, quantity, utc_s):
        """Return the row of a quantity that holds at a time, or None."""
        for row in self._rows:
            if row["quantity"] == quantity and row["from_utc_s"] <= utc_s < row["to_utc_s"]:
                return row
        return None

    def ceiling(self, quantity, utc_s, in_progress, is_emergency=False, is_trusted=True):
        """Return (ceiling, cause when there is none): litres or Wh, absolute.

        `in_progress`: the finish allowance serves only an irrigation that already runs.
        `is_emergency`: the emergency allowance is open; the larger of the two counts, not both.
        `is_trusted`: False when `utc_s` is the floor, not the time.
        """
        if self.values is None:
            return None, causes.GRANT_MISSING
        found = None
        if is_trusted:
            row = self.row(quantity, utc_s)
            if row is not None:
                found = self._allowed(row, in_progress, is_emergency)
        else:
            for row in self._rows:
                if row["quantity"] == quantity and utc_s < row["to_utc_s"]:
                    found = max(found or 0, self._allowed(row, in_progress, is_emergency))
        return found, causes.GRANT_EXPIRED if found is None else causes.NONE

    def _allowed(self, row, in_progress, is_emergency):
        above_100 = row["finish_100l"] if in_progress and self.policy == grant.FINISH else 0
        if is_emergency:
            # Whoever opens the emergency ceiling does not lose the finish he had.
            above_100 = max(above_100, row["emergency_100l"])
        return row["ceiling"] + above_100 * 100

    def has_row(self, quantity):
        """True if the grant limits this quantity at all."""
        return any(row["quantity"] == quantity for row in self._rows)

    def exceeded(
        self, charged_l, energy_wh, utc_s, in_progress,
        is_emergency=False, is_trusted=True, energy_bound_wh=None,
    ):  # fmt: skip
        """Return the cause for which pumping has no right now, causes.NONE if it has one.

        Unknown books give no right to start: BOOKS_UNKNOWN. `energy_wh`: None when it is not
        known now. `energy_bound_wh`: for what runs, the most that E can have come to: last
        known E + rated power x time since. A right that only warns binds by its dates alone: its
        lines tell of the ceilings.
        """
        ceiling_l, cause = self.ceiling(grant.WATER, utc_s, in_progress, is_emergency, is_trusted)
        if cause:
            return cause
        if charged_l is None:
            return causes.BOOKS_UNKNOWN
        is_binding = self.policy != grant.WARN
        if is_binding and charged_l >= ceiling_l:
            return causes.WATER_CEILING
        if not self.has_row(grant.ENERGY):
            return causes.NONE
        ceiling_wh, cause = self.ceiling(grant.ENERGY, utc_s, in_progress, is_emergency, is_trusted)
        if cause or not is_binding:
            return cause
        if energy_wh is None and in_progress:
            energy_wh = energy_bound_wh
        if energy_wh is None:  # unknown is never zero
            return causes.BOOKS_UNKNOWN
        return causes.ENERGY_CEILING if energy_wh >= ceiling_wh else causes.NONE

    def offline_ceiling_l(self, acknowledged_volume_l, offline_l):
        """Return the ceiling on W without a network, None while `offline_l` is 0 (off).

        `acknowledged_volume_l`: W in the last record the gateway acknowledged, None if it is
        not known. The head a grant names is acknowledged, too, by the regulator. Where
        nothing ever was, nothing is free.
        """
        if not offline_l:
            return None
        head_volume_l = self.values["head_volume_l"] if self.values else None
        if acknowledged_volume_l is None and head_volume_l is None:
            return 0
        return max(acknowledged_volume_l or 0, head_volume_l or 0) + offline_l

    def offline_exceeded(self, charged_l, acknowledged_volume_l, offline_l):
        """Return causes.OFFLINE_CEILING when the litres without a network are used up."""
        ceiling_l = self.offline_ceiling_l(acknowledged_volume_l, offline_l)
        if ceiling_l is None:
            return causes.NONE
        if charged_l is None:
            return causes.BOOKS_UNKNOWN
        return causes.OFFLINE_CEILING if charged_l >= ceiling_l else causes.NONE

    def changes_at(self, utc_s):
        """Return when the row in force ends or the next one begins, None when nothing comes."""
        found = None
        for row in self._rows:
            for edge_utc_s in (row["from_utc_s"], row["to_utc_s"]):
                if utc_s < edge_utc_s and (found is None or edge_utc_s < found):
                    found = edge_utc_s
        return found


class Warnings:
    """Lines of the right used (T15): each is told once per grant and ceiling.

    Nothing is kept over a restart: a line already passed is told once more then.
    """

    def __init__(self, first_percent, second_percent):
        self._percents = sorted({first_percent, second_percent, 100})
        self._seq = None
        self._told: set = set()

    def passed(self, values, ceiling_l, charged_l):
        """Return the lines (percent) newly passed, rising.

        `values`: the grant's, None without one. `ceiling_l`: without allowances, None when
        there is none. A clock in doubt may show another row's ceiling and the first one again:
        so each ceiling of a grant has its lines once (16 rows bound them).
        """
        if values is None or ceiling_l is None or charged_l is None:
            return []
        if values["seq"] != self._seq:
            self._seq = values["seq"]
            self._told = set()
        # ceiling = W_a + right - ledger(a) (design §5): used counts from W_a - ledger(a).
        base_l = (values["head_volume_l"] or 0) - (values.get("head_ledger_l") or 0)
        found = []
        for percent in self._percents:
            if (ceiling_l, percent) in self._told:
                continue
            if (charged_l - base_l) * 100 >= (ceiling_l - base_l) * percent:
                self._told.add((ceiling_l, percent))
                found.append(percent)
        return found
