"""The cards of a desk: who holds one, and for which account the controller knows it.

A card is a number at the reader and nothing more: no money and no right stands on it (field F15, F16).
"""

FARMER, FAMILY, NEIGHBOUR, STRANGER = "farmer", "family", "neighbour", "stranger"

CARDS = {FARMER: b"card-001", FAMILY: b"card-002", NEIGHBOUR: b"card-003", STRANGER: b"card-999"}
ACCOUNTS = {FARMER: 7, FAMILY: 7, NEIGHBOUR: 8}  # the stranger's card is known to nobody


def known() -> dict[bytes, int]:
    """Return the accounts as a controller's configuration has them: card to account."""
    return {CARDS[name]: account for name, account in ACCOUNTS.items()}
