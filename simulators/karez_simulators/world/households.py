"""Who irrigates at a well: households with a card and an account each, one of them with a ceiling of its own.

Accounts divide the well's right and never widen it (design section 6). The truth about each account is
reckoned here from starts, stops and the water meter; what the box says of it is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes, record
from karez_simulators.world.offices import upper_ml_per_wh

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World
    from karez_simulators.world.site import Site

FIRST, SECOND = 7, 8  # numbers of accounts
STRANGER = b"card-999"  # of no account here
CARDS = {b"card-001": FIRST, b"card-002": SECOND}
LONG_DAYS, LONG_HOURS = 7, 8  # a long run's account has so many hours of the pump, a short one's a quarter
OVERSHOOT_MS = 2_100  # as of a grant's ceiling (invariants.py)
ROUNDING_L = 2
ENERGY_STEP_WH = 10


def ceilings_l(site: Site, days: float) -> dict[str, int]:
    """Litres that the right holder lets an account have, as the configuration writes them."""
    flow_lph = site.well.parameters.rated_flow_lph
    return {str(SECOND): flow_lph * LONG_HOURS if days > LONG_DAYS else flow_lph // 4}


def card_of(chance: Chance, is_again: bool) -> bytes:
    """Whose card is held to the reader; who was refused asks the neighbour for his."""
    if is_again:
        return b"card-001"
    return chance.choices((b"card-001", b"card-002", STRANGER), (60, 35, 5))[0]


class Households:
    """The accounts of one well as its records and its meter have them."""

    def __init__(self, ceilings: dict[str, int]) -> None:
        """`ceilings`: as `ceilings_l` gives them."""
        self.ceilings_l = {int(number): litres for number, litres in ceilings.items()}
        self.used_l: dict[int, int] = {}
        self.newest: dict[int, tuple[int, int]] = {}  # account -> chain and number of its last stop
        self.card = b""  # held to the reader last
        self.account = 0  # of the irrigation in progress
        self.start_l: int | None = None  # W when it began
        self.metered_at_start_l = 0

    def spelled(self) -> dict[str, int]:
        """The ceilings as the configuration writes them."""
        return {str(number): litres for number, litres in self.ceilings_l.items()}

    def take(self, values: dict[str, Any], chain: int, metered_l: int) -> None:
        """A record was committed to a chain."""
        if values["kind"] == record.START:
            self.account, self.start_l = values["account"], values["volume_l"]
            self.metered_at_start_l = metered_l
        elif values["kind"] == record.STOP:
            if values["account"] and values["account_l"] is not None:
                self.used_l[values["account"]] = values["account_l"]
                self.newest[values["account"]] = chain, values["seq"]
            self.account, self.start_l = 0, None

    def expected_l(self, values: dict[str, Any]) -> int | None:
        """A of the account that a stop ends, by W alone; None where W was not known."""
        if self.start_l is None or values["volume_l"] is None or values["account"] != self.account:
            return None
        return self.used_l.get(self.account, 0) + int(values["volume_l"]) - self.start_l


def accounts_divide_what_was_taken(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 6: A is the sum of an account's own irrigations, and all A together never pass W."""
    if values["kind"] != record.STOP or not values["account"] or farm.history.rolled_back:
        return ""
    here = farm.households
    expected_l, said_l = here.expected_l(values), values["account_l"]
    if expected_l is not None and said_l != expected_l and not _has_left_the_ring(farm, values["account"]):
        return (
            f"account {values['account']} has used {said_l} L by the box, {expected_l} L by its irrigations"
        )
    others_l = sum(litres for number, litres in here.used_l.items() if number != values["account"])
    if values["volume_l"] is not None and others_l + (said_l or 0) > values["volume_l"]:
        return f"the accounts have used {others_l + said_l} L, the well {values['volume_l']} L"
    return ""


def _has_left_the_ring(farm: Farm, account: int) -> bool:
    """True if the table in FRAM is lost, and the chain in the ring does not reach the account's last stop.

    Then A begins again at 0. It is so, and no record says it of the account; that of the lost head does.
    """
    app = farm.box.app
    if app is None or not (farm.heads_lost or farm.has_nor_head):
        return False
    return (farm.history.chain, app.journal.oldest()) > farm.households.newest.get(account, (0, 0))


def who_starts_is_charged(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 6: a start needs a card, its account is charged, a stranger starts nothing."""
    if values["kind"] != record.START or values["cause"] != causes.CARD:
        return ""
    account = CARDS.get(farm.households.card)
    if values["account"] == account:
        return ""
    return f"account {values['account']} is charged, the card {farm.households.card.decode()} started"


def no_wrong_refusal(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """A refused start says why (design section 6), and so it was: the card unknown, the account used up."""
    if values["kind"] != record.EVENT or values["cause"] != causes.START_REFUSED:
        return ""
    here, why = farm.households, values["subject"]
    account = CARDS.get(here.card)
    if why == causes.IDENTITY_UNKNOWN and account is not None:
        return f"the card {here.card.decode()} was refused as unknown"
    if why == causes.ACCOUNT_EMPTY and not _is_near(farm, account, here.used_l.get(account or 0, 0), values):
        return f"account {account} was refused as empty, and it is not"
    return ""


def _is_near(farm: Farm, account: int | None, used_l: int, values: dict[str, Any]) -> bool:
    ceiling_l = farm.households.ceilings_l.get(account or 0)
    near_l = farm.site.well.parameters.greatest_flow_lph * OVERSHOOT_MS // 3_600_000 + ROUNDING_L
    return ceiling_l is not None and used_l + (values["held_l"] or 0) + near_l >= ceiling_l


def is_used_up(_: World, farm: Farm, values: dict[str, Any]) -> bool:
    """A + P of the account had come to within half a poll's water of its ceiling (design section 6)."""
    return _is_near(farm, values["account"], values["account_l"] or 0, values)


def an_accounts_ceiling_holds(world: World, farm: Farm) -> str:
    """Design section 6: what its holder has set on an account is held as a grant's ceiling is."""
    app, here = farm.box.app, farm.households
    ceiling_l = here.ceilings_l.get(here.account)
    if app is None or ceiling_l is None or not farm.site.coil or farm.is_drinking or not here.start_l:
        return ""
    used_l = here.used_l.get(here.account, 0) + farm.site.metered_l - here.metered_at_start_l
    bound_l = ceiling_l + farm.site.well.parameters.greatest_flow_lph * OVERSHOOT_MS // 3_600_000 + ROUNDING_L
    if farm.felt(world.agenda.now_ms, "meter_silent"):
        bound_l += ENERGY_STEP_WH * upper_ml_per_wh(farm.site.well.parameters) // 1000
    if used_l <= bound_l:
        return ""
    return f"account {here.account} has used {used_l} L of {ceiling_l} L, and it runs"
