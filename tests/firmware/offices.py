"""The root and two county offices: their orders and key lists, signed."""

from karez_protocols import ed25519_keys, key_list, order
from karez_protocols.slices import finish
from wellhouse import REGULATOR, UTC, sealed

COUNTY = finish(ed25519_keys.secret_slices(b"c" * 32))
SUCCESSOR = finish(ed25519_keys.secret_slices(b"d" * 32))
BOTH = key_list.GRANTS | key_list.ORDERS


def a_list(seq=1, secret=REGULATOR, offices=((1, BOTH, COUNTY),), issued_utc_s=UTC - 200):
    """A signed key list; `offices`: (number, may, secret)."""
    rows = [{"office": number, "may": may, "key": key[64:]} for number, may, key in offices]
    return sealed(key_list.LABEL, key_list.encode({"seq": seq, "issued_utc_s": issued_utc_s}, rows), secret)


def an_order(kind=order.STOP, seq=1, office=order.ROOT, secret=REGULATOR, **changed):
    """A signed order to the site of wellhouse."""
    values = {
        "kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": office, "from_min": None,
        "to_min": None, "lift_office": None, "lift_seq": None, "seq": seq, "target": "site-1",
        "issued_utc_s": UTC - 50, "until_utc_s": None, "document": "d",
    }  # fmt: skip
    values.update(changed)
    return sealed(order.LABEL, order.encode(values), secret)


def a_lift(lift_seq, seq, office=order.ROOT, secret=REGULATOR, lift_office=None):
    """A signed lift."""
    lift_office = office if lift_office is None else lift_office
    return an_order(order.LIFT, seq, office, secret, lift_office=lift_office, lift_seq=lift_seq)
