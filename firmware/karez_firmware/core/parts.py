"""The parts of one site's conscience, made together from binding and configuration."""

from .accounts import Accounts
from .clock import Clock
from .crosscheck import CrossCheck
from .orders import KeyList, Orders
from .protection import Protection
from .rights import Rights, Warnings
from .windows import Windows


class Parts:
    """Who may say yes or no at this site. `books`: W and E; `keys`: the offices' keys."""

    def __init__(self, site, settings, rules, books, floor_utc_s, authenticated_utc_s=None):
        self.books = books
        self.clock = Clock(floor_utc_s, authenticated_utc_s)
        if site.get("issued_utc_s"):
            self.clock.raise_floor(site["issued_utc_s"])  # of the binding: somebody signed that it had come
        self.rights = Rights(site["site"])
        self.keys = KeyList(rules["root_key"])
        self.orders = Orders(site["site"], rules["areas"], self.keys, settings["utc_offset_min"])
        self.accounts = Accounts(rules["accounts"], rules["ceilings_l"], rules["blocked"])
        self.account_numbers = set(rules["accounts"].values())  # somebody may start for these
        self.windows = Windows(rules["windows"], settings["utc_offset_min"], settings["run_max_s"])
        self.protection = Protection(settings, site["rated_power_w"])
        self.crosscheck = CrossCheck(site, settings)
        self.warnings = Warnings(settings["warn_first_percent"], settings["warn_percent"])
