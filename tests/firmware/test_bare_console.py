"""The console of a box without a site: each object whole or not at all, whatever the cable does."""

import binascii
import hashlib
import json

from karez_firmware import bench_line, bring_up, identity
from karez_firmware.commissioning import SORTS
from karez_firmware.console.bare import Bare, Box
from karez_firmware.ports import fake_memory
from karez_firmware.store import objects
from karez_protocols import causes, console, event_details, record, technicians
from terminal import Terminal, Tool
from wellhouse import (
    AUTHORITY,
    BENCH,
    CERTIFICATE,
    KEPT,
    NAME,
    PUBLIC,
    REGULATOR,
    UTC,
    House,
    Well,
    a_binding,
    a_config,
    memories,
    port_for,
    sealed,
)

PIECE = console.PIECE_MAX


def a_list(secret=REGULATOR, seq=1):
    row = {"number": 7, "until_utc_s": None, "roles": technicians.TECHNICIAN, "key": b"t" * 32}
    return sealed(technicians.LABEL, technicians.encode({"seq": seq, "issued_utc_s": UTC}, [row]), secret)


GOOD = {
    "authority": AUTHORITY, "certificate": CERTIFICATE, "binding": a_binding(), "technicians": a_list(),
    "config": a_config(),
}  # fmt: skip
ORDER = ("authority", "certificate", "technicians", "config", "binding")  # the last checks it all
NAMES = ["authority", "certificate", "binding", "technicians", "config"]


def sha256(data):
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def steps(name, data):
    """The requests that bring an object."""
    yield ["object", name, "put", str(len(data)), sha256(data)]
    for at in range(0, len(data), PIECE):
        yield ["object", name, "piece", str(at), binascii.hexlify(data[at : at + PIECE]).decode()]
    yield ["object", name, "apply", sha256(data)]


class Bench:
    """A tool at the console of a box without a site."""

    def __init__(self, nor=None, fram=None, is_json=True):
        if nor is None:
            nor, fram = memories(provisioned=False)
            objects.write_once(nor, objects.KEY, KEPT)
        self.nor, self.fram = nor, fram
        self.start()
        if is_json:
            self.say(b"\r\n")
            self.ask("json")

    def start(self):
        """Power on: nothing of a session is left."""
        self.port = port_for(self.nor, self.fram, Well())
        self.terminal = Terminal()
        self.session = Bare(Box(self.port, identity.load(self.nor)), self.terminal)
        self.tag = 0

    def say(self, data):
        """Bytes on the line; return what comes back until nothing more does."""
        self.terminal.typed += data
        shown = b""
        for _ in range(20_000):
            more = self.session.run_slice()
            shown, self.terminal.shown = shown + self.terminal.shown, b""
            if not more and not self.terminal.typed and self.session.wait_ms() is None:
                return shown
            self.port.wait(self.port.now_us() + 1_000)
        raise AssertionError("no end of %r" % shown[-200:])

    def ask(self, *words):
        """Return the last answer; those before it are in `parts`."""
        self.tag += 1
        self.parts: list = []
        for line in self.say(console.request(list(words), self.tag)).split(b"\r\n"):
            try:
                found = json.loads(console.unsealed(line))
            except console.Malformed:
                continue
            assert found.pop("tag") == self.tag, found
            if "more" not in found:
                return found
            self.parts.append(found)
        raise AssertionError("no answer to %s" % (words,))

    def bring(self, name, data=None):
        """Bring an object; return the answer to the last step, or the first that is no `ok`."""
        for words in steps(name, GOOD[name] if data is None else data):
            found = self.ask(*words)
            if "ok" not in found:
                break
        return found

    def held(self, name):
        return objects.read_any(self.nor, SORTS[name])


def refused(bench, text, *words):
    """A request is refused with this text, and nothing that counts has changed."""
    before = [bench.held(name) for name in ORDER]
    found = bench.ask(*words)
    assert "error" in found and text in found["text"], found
    assert [bench.held(name) for name in ORDER] == before
    return found["error"]


def test_it_says_who_it_is_and_what_it_needs():
    bench = Bench()
    found = bench.ask("identify")
    assert found["controller"] == NAME and found["site"] is None
    assert found["key"] == binascii.hexlify(PUBLIC).decode() and len(found["link_key"]) == 130
    assert found["needs"] == ["binding", "certificate", "authority", "config"]
    assert found["binding_version"] == 2
    assert bench.ask("status")["needs"] == found["needs"]
    assert [part["object"] for part in bench.parts] == NAMES
    assert all(part["size"] is None and part["sha256"] is None for part in bench.parts)


def test_everything_comes_over_the_console_and_can_be_read_back():
    bench = Bench()
    for name in ORDER:
        found = bench.bring(name)
        assert found["ok"] and found["sha256"] == sha256(GOOD[name]), found
        assert bench.held(name) == GOOD[name]
        assert bench.ask("object", name)["sha256"] == sha256(GOOD[name])
        data = b"".join([binascii.unhexlify(part["data"]) for part in bench.parts])
        assert data == GOOD[name]
    assert found["needs"] == [] and not bring_up.is_bare(bench.port)
    assert bring_up.bring_up(bench.port).values["site"] == "site-1"
    assert bench.ask("identify")["site"] == "site-1"
    bench.ask("status")
    assert {part["object"]: part["sha256"] for part in bench.parts} == {
        name: sha256(data) for name, data in GOOD.items()
    }


def test_a_person_types_and_reads_it():
    bench = Bench(is_json=False)
    shown = str(bench.say(b"identify\r"), "utf-8")
    assert "controller         " + NAME in shown and "site               --" in shown and "karez> " in shown
    assert "needs              binding, certificate, authority, config" in shown
    shown = str(bench.say(b"status 7\r"), "utf-8")
    assert "object config" in shown and "\r\nok\r\n" in shown
    assert "show one, bring it, or let it go" in str(bench.say(b"help object\r"), "utf-8")
    assert "error bare: this box has no site yet" in str(bench.say(b"live\r"), "utf-8")


def test_what_needs_a_site_is_answered_by_what_is_missing():
    bench = Bench()
    for verb in ("live", "config", "technicians", "login", "swap", "nonsense"):
        assert refused(bench, "no site yet", verb, "1") == "bare"


def test_an_object_that_is_there_is_refused_and_the_same_once_more_is_not():
    bench = Bench()
    for name in ORDER:
        assert bench.bring(name)["ok"]
        assert bench.ask("object", name, "apply", sha256(GOOD[name]))["ok"]
    other = a_binding(site="another")
    refused(bench, "already there", "object", "binding", "put", str(len(other)), sha256(other))
    refused(bench, "another binding is already there", "object", "binding", "apply", sha256(other))
    refused(bench, "already there", "object", "binding", "piece", "0", "00")


def test_what_the_box_could_not_work_with_is_refused_as_on_the_benchs_line():
    bench = Bench()
    for name, data, text in (
        ("technicians", a_list()[:-3], "technicians:"),
        ("binding", a_binding(controller="0" * 16), "for the box 0000000000000000"),
        ("binding", a_binding(controller_key=BENCH[64:]), "for the box"),
        ("binding", GOOD["binding"][:-65], "binding:"),
        ("certificate", CERTIFICATE[:-1] + b"?", "not for the key"),
        ("certificate", CERTIFICATE[:-1], "not one whole DER object"),
        ("config", b'{"settings": ', "configuration:"),
        ("config", a_config(meters=[{"quantity": "water", "profile": "no", "address": 1}]), "meter no"),
    ):  # fmt: skip
        found = bench.bring(name, data)
        assert found["error"] == "refused" and text in found["text"], found
        assert bench.held(name) is None


def test_a_list_of_another_regulator_is_refused_whichever_comes_first():
    bench = Bench()
    assert bench.bring("binding")["ok"]
    found = bench.bring("technicians", a_list(BENCH))
    assert found["error"] == "refused" and "not signed by the regulator" in found["text"]
    assert bench.held("technicians") is None and bench.bring("technicians")["ok"]
    bench = Bench()
    assert bench.bring("technicians", a_list(BENCH))["ok"]
    found = bench.bring("binding")
    assert found["error"] == "refused" and "not signed by the regulator" in found["text"]
    assert bench.held("binding") is None
    assert bench.ask("object", "technicians", "drop")["ok"] and bench.bring("technicians")["ok"]
    assert bench.bring("binding")["ok"]


def test_a_list_of_technicians_may_come_later():
    bench = Bench()
    for name in ("authority", "certificate", "config", "binding"):
        found = bench.bring(name)
    assert found["needs"] == [] and bench.held("technicians") is None


def test_what_was_brought_in_error_is_let_go_while_something_is_missing():
    bench = Bench()
    assert bench.bring("config", a_config(settings={}))["ok"]
    assert refused(bench, "already there", "object", "config", "put", "1", sha256(b"x")) == "refused"
    found = bench.ask("object", "config", "drop")
    assert found["ok"] and found["needs"] == ["binding", "certificate", "authority", "config"]
    assert bench.held("config") is None and bench.ask("object", "config", "drop")["ok"]
    bench.ask("object", "binding", "put", "5", sha256(AUTHORITY))
    bench.ask("object", "authority", "drop")  # what was begun is to be begun anew
    refused(bench, "begin with object binding put", "object", "binding", "piece", "0", "00")
    for name in ORDER:
        assert bench.bring(name)["ok"], name
    refused(bench, "has everything", "object", "binding", "drop")


def test_a_cut_in_the_middle_of_letting_go_leaves_the_old_or_nothing():
    for cut_at in (1, 2):
        for kept in (0, 1, 50, 99):
            bench = Bench()
            bench.bring("technicians")
            bench.nor.mains = fake_memory.Mains(cut_at, kept)
            try:
                bench.ask("object", "technicians", "drop")
                raise AssertionError("no cut")
            except fake_memory.PowerCut:
                bench.nor.mains = fake_memory.Mains()
            assert bench.held("technicians") in (None, GOOD["technicians"])
            assert Bench(bench.nor, bench.fram).ask("object", "technicians", "drop")["ok"]


def test_words_that_are_no_step_of_an_object_are_refused():
    bench = Bench()
    data = GOOD["authority"]
    for words, text in (
        (["object"], "expected one of"),
        (["object", "key"], "expected one of"),
        (["object", "auth"], "expected one of"),
        (["object", "authority"], "has no authority yet"),
        (["object", "authority", "take"], "see help object"),
        (["object", "authority", "put"], "expected a number"),
        (["object", "authority", "put", "4081", sha256(data)], "from 0 to 4080"),
        (["object", "authority", "put", "-1", sha256(data)], "expected a number"),
        (["object", "authority", "put", "5", "00"], "bytes in hex"),
        (["object", "authority", "apply"], "bytes in hex"),
        (["object", "authority", "piece", "0", "00"], "begin with object authority put"),
        (["object", "authority", "apply", sha256(data)], "begin with object authority put"),
    ):
        refused(bench, text, *words)
    bench.ask("object", "authority", "put", "5", sha256(data))
    for words, text in (
        (["object", "authority", "piece", "3", "aabbcc"], "has 5 bytes"),
        (["object", "authority", "piece", "0", "zz"], "bytes in hex"),
        (["object", "authority", "apply", sha256(data)], "its digest is not what put said"),
        (["object", "authority", "apply", sha256(b"x")], "put announced another digest"),
        (["object", "binding", "piece", "0", "00"], "begin with object binding put"),
    ):
        refused(bench, text, *words)


def test_a_memory_that_takes_nothing_is_said():
    bench = Bench()
    bench.nor.is_dead = True
    found = bench.bring("authority")
    assert "error" in found and bench.held("authority") is None, found


def test_garbage_on_the_line_changes_nothing_and_the_next_line_is_heard():
    bench = Bench()
    dice = fake_memory.Dice(3)
    request = console.request(["object", "authority", "put", "5", sha256(AUTHORITY)], 1)
    for at in range(60):
        noise = dice.throw(1 + dice.throw(1)[0])
        flipped = bytearray(request)
        flipped[at] ^= 1 << (at & 7)
        bench.say(noise + b"\r\n" + bytes(flipped) + b"\r\n")
    bench.say(bytes([0x55]) * 3_000 + b"\r\n")
    assert bench.ask("object", "authority", "apply", sha256(AUTHORITY))["error"] == "refused"
    assert all(bench.held(name) is None for name in ORDER)
    assert bench.bring("authority")["ok"]


def pulled_at(name, data, at):
    """An object's lines up to a byte; then a new cable brings it from the beginning."""
    bench = Bench()
    for before in ORDER[: ORDER.index(name)]:
        objects.write(bench.nor, SORTS[before], 0, GOOD[before])
    lines = b"".join([console.request(words, 9) for words in steps(name, data)])
    bench.say(lines[:at])
    assert bench.held(name) in (None, data), "a half object at byte %d" % at
    bench.say(b"\r\n")  # as every tool begins
    if bench.held(name) is None:
        assert bench.bring(name)["ok"], at
    assert bench.held(name) == data


def test_a_cable_that_is_pulled_at_any_byte_leaves_the_old_or_the_new():
    for name in ("authority", "technicians"):
        lines = b"".join([console.request(words, 9) for words in steps(name, GOOD[name])])
        for at in range(0, len(lines) + 1, 23 if name == "technicians" else 1):
            pulled_at(name, GOOD[name], at)


def test_a_power_cut_at_any_write_leaves_each_object_whole_or_absent_and_the_rest_follows():
    for kept in (0, 60, 99):
        cut_at = 0
        while True:
            cut_at += 1
            bench = Bench()
            bench.nor.mains = fake_memory.Mains(cut_at, kept)
            is_cut = False
            try:
                for name in ORDER:
                    bench.bring(name)
            except fake_memory.PowerCut:
                is_cut = True
            bench.nor.mains = fake_memory.Mains()
            for name in ORDER:
                assert bench.held(name) in (None, GOOD[name]), (cut_at, kept, name)
            again = Bench(bench.nor, bench.fram)
            for name in ORDER:
                if again.held(name) is None:
                    assert again.bring(name)["ok"], (cut_at, kept, name)
            assert not bring_up.is_bare(again.port)
            if not is_cut:
                break
        assert cut_at > 5 * len(ORDER)


class Script:
    """A terminal at whose other end a tool sends each line when the answer before it has come."""

    def __init__(self, lines):
        self.lines = lines
        self.shown = b""
        self.ends = self.sent = 0

    def read(self):
        if self.sent > self.shown.count(b'"crc"') or not self.lines:
            return b""
        self.sent += 1
        return self.lines.pop(0)

    def write(self, data):
        self.shown += bytes(data)
        return len(data)


def test_commissioning_serves_both_lines_ends_with_the_last_object_and_lets_its_answer_out():
    bench = Bench(is_json=False)
    lines = [b"\r\njson\r\n"]
    for name in ORDER[:1] + ORDER[2:]:
        lines += [console.request(words, 9) for words in steps(name, GOOD[name])]
    terminal = Script(lines)
    bench.port.script("object certificate " + binascii.hexlify(CERTIFICATE).decode(), 100)
    found = bench_line.run(bench.port, terminal)
    assert found.name == NAME and not bring_up.is_bare(bench.port)
    taken = [line[6:] for line in bench.port.said if line.startswith("taken ")]
    assert sorted(taken) == sorted(ORDER) and taken[-1] == "binding"
    last = json.loads(console.unsealed(terminal.shown.strip().split(b"\r\n")[-1]))
    assert last == {"tag": 9, "ok": True, "object": "binding", "sha256": sha256(GOOD["binding"]), "needs": []}
    assert bench.port.feeds > 0 and "coil 1" not in bench.port.said


def test_the_list_that_came_with_the_binding_is_on_record_from_the_first_day():
    bench = Bench()
    for name in ORDER:
        bench.bring(name)
    house = House(bench.nor, bench.fram)
    house.run(4)
    assert house.kinds()[:4] == [
        (record.BINDING, 0), (record.CONFIG, 0), (record.EVENT, causes.TECHNICIANS_TAKEN), (record.BOOT, 0),
    ]  # fmt: skip
    event = house.records()[2]
    detail = event_details.decode(event["cause"], event["detail"])
    assert event["subject"] == 1 and detail["number"] is None
    assert detail["digest"] == hashlib.sha256(GOOD["technicians"]).digest()[:22]
    house = house.again()
    house.run(4)
    assert house.kinds().count((record.EVENT, causes.TECHNICIANS_TAKEN)) == 1
    assert house.check_chain() > 4
    found, _ = Tool(house).ask("technicians")
    assert found["seq"] == 1


def test_a_line_that_nobody_uses_falls_back_to_people_and_is_heard_again():
    bench = Bench()
    for _ in range(700):
        bench.session.run_slice()
        bench.port.us += 1_000_000
    bench.session.run_slice()
    assert not bench.session.is_json and not bench.session.is_over
    assert "controller " in str(bench.say(b"identify\r"), "utf-8")
