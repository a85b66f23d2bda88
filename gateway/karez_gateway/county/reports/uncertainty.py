"""How far litres may be trusted: class and verification of the meter, test of the coefficient. Pure."""

from karez_gateway.county.ledger.rollup import Amount
from karez_gateway.county.registry.fields import PERCENT
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.reports.words import Say
from karez_protocols import record


class Known:
    """Meters and coefficients of a registry on a day such as 2026-10-31."""

    def __init__(self, registry: Registry, date: str) -> None:
        """Look them up once."""
        self._date = date
        self._meters: dict[str, list[Values]] = {}
        for _, values in registry.of_kind("meter"):
            was_there = str(values["from_date"]) <= date <= str(values.get("to_date", "9999"))
            if values["quantity"] == "water" and was_there:
                self._meters.setdefault(str(values["site"]), []).append(values)
        self._coefficients: dict[str, Values] = {}
        for _, values in registry.of_kind("coefficient"):  # by name, so by rising date
            if str(values["from_date"]) <= date:
                self._coefficients[str(values["site"])] = values

    def said(self, site: str, amount: Amount, say: Say) -> str:
        """What is known of every method by which a site has litres."""
        found = []
        if amount.of(record.METERED):
            found.append(self._metered(site, say))
        if amount.of(record.CONVERTED):
            tested = self._coefficients.get(site, {}).get("tested_date")
            found.append(say.text("converted", tested=tested) if tested else say.text("no-test"))
        if amount.of(record.CONVERTED_GROUP):
            found.append(say.text("group"))
        if amount.of(record.ESTIMATED):
            found.append(say.text("estimated"))
        if min([0, *(amount.of(one) for one in {*amount.booked, *amount.corrections})]) < 0:
            found.append(say.text("below"))
        return "; ".join(found)

    def _metered(self, site: str, say: Say) -> str:
        meters = self._meters.get(site)
        if not meters:
            return say.text("no-meter")
        one = meters[-1]
        due = one.get("due_date")
        if due is None:
            return say.text("never")
        if str(due) < self._date:
            return say.text("overdue", due=due)
        error = one.get("error_permille")
        return (
            say.text("no-class") if error is None else say.text("meter", percent=PERCENT.show(error), due=due)
        )
