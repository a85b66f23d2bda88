"""The configuration: one readable document, checked whole before anything of it is taken."""

import binascii
import json

from .core.settings import BadSetting, check


class BadConfiguration(Exception):
    """The document is not taken; the text names the part and the reason."""


class Configuration:
    """`settings`, `accounts` (credential -> number), `link` and `meters` of one controller."""

    def __init__(self, document):
        self.settings = check(document["settings"])
        self.accounts = {}
        for card, number in document["accounts"].items():
            credential = binascii.unhexlify(card)
            if len(credential) != 8:
                raise ValueError("card %r is not 8 bytes" % card)
            self.accounts[credential] = number
        self.link = document["link"]
        self.meters = document["meters"]
        for name in ("host", "port"):
            self.link[name]
        for meter in self.meters:
            if meter["quantity"] not in ("water", "energy"):
                raise ValueError("a meter of %r" % meter["quantity"])
            meter["profile"], meter["address"]
        if [meter["quantity"] for meter in self.meters].count("water") != 1:
            raise ValueError("exactly one water meter rules a site")


def read(data):
    """Return the Configuration in a document's JSON bytes. Raises BadConfiguration."""
    try:
        return Configuration(json.loads(data))
    except KeyError as error:
        raise BadConfiguration("configuration: %s is missing" % error)
    except (ValueError, TypeError, AttributeError, BadSetting) as error:
        raise BadConfiguration("configuration: %s" % error)
