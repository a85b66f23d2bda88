"""What a spare takes over at the well: a grant, an order and account registers, by cable."""

import hashlib

from karez_protocols import causes, order
from offices import COUNTY, a_list
from offices import an_order as an_office_s_order
from terminal import Tool
from test_console_acts import NUMBER, STRANGER, events, hexed
from wellhouse import REGULATOR, UTC, a_grant, ready, sealed


def a_technician():
    """A tool whose session knows a technician; how he proves it, test_console_acts.py shows."""
    tool = Tool(ready())
    tool.house.app.session.number = NUMBER
    return tool


def offer(tool, name, data, apply=None):
    """Bring a signed object in pieces; return the last answer."""
    tool.house.run(61)  # a reader begins one a minute
    sha256 = hexed(hashlib.sha256(data).digest())
    found, _ = tool.ask("offer", name, "put", str(len(data)), sha256)
    assert found.get("ok") and found["size"] == len(data), found
    for at in range(0, len(data), 100):
        found, _ = tool.ask("offer", name, "piece", str(at), hexed(data[at : at + 100]))
        assert found.get("ok"), found
    return tool.ask("offer", name, "apply", apply or sha256, seconds=90)[0]


def an_order(seq=1, kind=order.STOP):
    values = {
        "kind": kind, "scope": order.SITE, "office": order.ROOT, "seq": seq, "target": "site-1",
        "issued_utc_s": UTC - 10, "until_utc_s": UTC + 86_400, "document": "o",
        "from_min": None, "to_min": None, "lift_office": None, "lift_seq": None, "basis": order.PLAIN,
    }  # fmt: skip
    return sealed(order.LABEL, order.encode(values), REGULATOR)


def test_anybody_brings_a_grant_and_it_is_in_force():
    tool = Tool(ready())
    data = a_grant(9_000, seq=5)
    found = offer(tool, "grant", data)
    assert found == {"ok": True, "object": "grant", "seq": 5, "sha256": hexed(hashlib.sha256(data).digest())}
    assert tool.ask("grant")[0]["seq"] == 5 and tool.house.app.rights.seq == 5
    assert offer(tool, "grant", data)["ok"]  # the same once more is no error


def test_a_grant_of_a_stranger_an_old_one_and_a_spoilt_one_change_nothing():
    tool = Tool(ready())
    before = tool.house.app.rights.seq
    assert offer(tool, "grant", a_grant(9_000, seq=5, secret=STRANGER))["error"] == "refused"
    tool.house.run(5)
    assert events(tool.house, causes.GRANT_REFUSED_SIGNATURE)
    assert offer(tool, "grant", a_grant(9_000, seq=before - 1))["error"] == "refused"
    assert offer(tool, "grant", b"no grant")["error"] == "malformed"
    assert offer(tool, "grant", a_grant(9_000, seq=6), "00" * 32)["error"] == "incomplete"
    assert tool.house.app.rights.seq == before


def test_a_reader_begins_one_object_a_minute_and_pieces_need_a_beginning():
    tool = Tool(ready())
    assert tool.ask("offer", "grant", "piece", "0", "00")[0]["error"] == "refused"
    assert tool.ask("offer", "cheese", "put", "1", "00" * 32)[0]["error"] == "usage"
    assert tool.ask("offer")[0]["error"] == "usage"
    assert tool.ask("offer", "grant", "put", "501", "00" * 32)[0]["error"] == "usage"
    assert tool.ask("offer", "grant", "put", "9", "00" * 32)[0]["ok"]
    assert tool.ask("offer", "grant", "put", "9", "00" * 32)[0]["error"] == "locked"
    assert tool.ask("offer", "order", "piece", "0", "00")[0]["error"] == "refused"
    assert tool.ask("offer", "grant", "piece", "8", "0000")[0]["error"] == "usage"


def test_an_order_of_the_root_is_taken_once():
    tool = Tool(ready())
    assert offer(tool, "order", an_order())["ok"]
    found, rows = tool.ask("orders")
    assert found["orders"] == 1 and rows[0]["kind"] == "stop"
    assert offer(tool, "order", an_order())["ok"]
    assert tool.ask("orders")[0]["orders"] == 1


def test_a_county_s_order_counts_once_the_list_of_its_key_has_come():
    tool = Tool(ready())
    of_county = an_office_s_order(office=1, secret=COUNTY)
    assert offer(tool, "order", of_county)["error"] == "refused"
    assert offer(tool, "keys", a_list(2, secret=STRANGER))["error"] == "refused"
    found = offer(tool, "keys", a_list(2))
    assert (found["ok"], found["object"], found["seq"]) == (True, "keys", 2)
    assert offer(tool, "keys", a_list(2))["ok"]  # the same once more is no error
    assert offer(tool, "keys", a_list(1))["error"] == "refused"
    assert tool.house.app.parts.keys.seq == 2
    assert offer(tool, "order", of_county)["ok"] and tool.ask("orders")[0]["orders"] == 1


def test_a_technician_hands_over_what_an_account_had_used_and_no_sum_is_above_w():
    tool = a_technician()
    tool.house.press()
    tool.house.run(30)
    tool.house.press("stop")
    tool.house.run(20)
    volume_l, used_l = tool.house.app.books.volume_l, tool.ask("accounts")[1][0]["used_l"]
    assert 0 < used_l <= volume_l
    assert tool.ask("inherit", "7", str(volume_l + 1))[0]["error"] == "refused"
    assert tool.ask("inherit", "7", str(used_l - 1))[0]["error"] == "refused"
    found, _ = tool.ask("inherit", "7", str(volume_l))
    assert found == {"ok": True, "account": 7, "used_l": volume_l}
    assert (causes.TECHNICIAN_ACTS, {"number": NUMBER, "words": ("inherit 7 %d" % volume_l)[:22]}) in events(
        tool.house, causes.TECHNICIAN_ACTS
    )
    again = Tool(tool.house.again())
    assert again.ask("accounts")[1][0]["used_l"] == volume_l


def test_a_reader_hands_no_account_over():
    assert Tool(ready()).ask("inherit", "7", "1")[0]["error"] == "role"
