"""What offices sign besides grants, and what a synthetic controller writes about it."""

from karez_protocols import key_list, link, order, record, signed

from .synthetic import REGULATOR, START_UTC_S, key_of, public, sign, zeros

COUNTY, TOWN = 1, 2
COUNTY_KEY, TOWN_KEY = key_of("county"), key_of("town")


def make_order(target, seq, *, office=order.ROOT, key=REGULATOR, kind=order.STOP, **values):
    """A signed order; `target` "area:N" is an area."""
    is_area = target.startswith("area:")
    hours = {"from_min": 360, "to_min": 1080} if kind == order.HOURS else {"from_min": None, "to_min": None}
    said = {
        "kind": kind,
        "scope": order.AREA if is_area else order.SITE,
        "basis": order.PLAIN,
        "office": office,
        **hours,
        "lift_office": None,
        "seq": seq,
        "lift_seq": None,
        "target": target.removeprefix("area:"),
        "issued_utc_s": START_UTC_S,
        "until_utc_s": None,
        "document": f"paper {office}-{seq}",
    }
    return sign(key, order.LABEL, order.encode(said | values))


def make_lift(target, seq, lift_seq, *, office=order.ROOT, lift_office=None, key=REGULATOR):
    """A signed lift; `lift_office`: whose order, its own if not given."""
    lifted = office if lift_office is None else lift_office
    return make_order(
        target, seq, office=office, key=key, kind=order.LIFT, lift_office=lifted, lift_seq=lift_seq
    )


def make_keys(seq, *offices, key=REGULATOR):
    """A signed list of (office, private key), each for orders."""
    rows = [{"office": one, "may": key_list.ORDERS, "key": public(secret)} for one, secret in offices]
    return sign(key, key_list.LABEL, key_list.encode({"seq": seq, "issued_utc_s": START_UTC_S}, rows))


def accept(box, data):
    """The controller takes an order or a key list and writes its record."""
    try:
        seq, kind = order.open_signed(data)[0]["seq"], record.ORDER
    except Exception:  # noqa: BLE001 - then it is a list
        seq, kind = key_list.open_signed(data)[0]["seq"], record.KEYS
    return box.append(kind, object_seq=seq, digest=signed.digest(data), length=len(data))


def state_of(box, **values):
    """The state of a synthetic controller as `link_gateway.decode_state` gives it."""
    said = zeros(link.STATE_BODY) | {
        "version": link.VERSION,
        "online": 1,
        "time_state": record.TIME_SYNCHRONISED,
        "chain": box.chain,
        "last_seq": box.seq,
        "boot": 1,
        "uptime_s": box.utc_s - START_UTC_S,
        "grant_seq": box.grant_seq,
    }
    return said | values
