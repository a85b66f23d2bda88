"""The right to pump: one grant in force, its rows of absolute ceilings (design §6).

Accepted if and only if signature, site and seq hold; an acknowledged head that the chain
does not hold is recorded and refuses the grant only if the grant says so. Detect, do not
punish.
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

    def ceiling(self, quantity, utc_s, in_progress):
        """Return (ceiling, cause when there is none): litres or Wh, absolute.

        `in_progress`: the finish allowance serves only an irrigation that already runs.
        """
        if self.values is None:
            return None, causes.GRANT_MISSING
        row = self.row(quantity, utc_s)
        if row is None:
            return None, causes.GRANT_EXPIRED
        ceiling = row["ceiling"]
        if in_progress and self.values["policy"] == grant.FINISH:
            ceiling += row["finish_100l"] * 100
        return ceiling, causes.NONE

    def has_row(self, quantity):
        """True if the grant limits this quantity at all."""
        return any(row["quantity"] == quantity for row in self._rows)

    def exceeded(self, charged_l, energy_wh, utc_s, in_progress):
        """Return the cause for which pumping has no right now, causes.NONE if it has one.

        Unknown books give no right to start (the caller decides what runs): BOOKS_UNKNOWN.
        """
        ceiling_l, cause = self.ceiling(grant.WATER, utc_s, in_progress)
        if cause:
            return cause
        if charged_l is None:
            return causes.BOOKS_UNKNOWN
        if charged_l >= ceiling_l:
            return causes.WATER_CEILING
        if self.has_row(grant.ENERGY):
            ceiling_wh, cause = self.ceiling(grant.ENERGY, utc_s, in_progress)
            if cause:
                return cause
            if energy_wh is not None and energy_wh >= ceiling_wh:
                return causes.ENERGY_CEILING
        return causes.NONE
