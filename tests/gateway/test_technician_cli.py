"""`karez tech` as a person at the well calls it: every verb over a pty, exit codes, languages, files."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from karez_firmware.core import pump
from karez_firmware.drivers import master
from karez_gateway.technician import connection, keys
from karez_gateway.technician.answer_words import WORDS
from karez_gateway.technician.cli import app
from karez_gateway.technician.speech import Speech
from karez_gateway.technician.wording import PAGE, SCREEN, TEXTS
from karez_protocols import bundle as bundles
from karez_protocols import causes, flag_names
from karez_simulators.offices import Regulator, Technician

from . import bundles as made
from . import commissionings
from .technician_desk import CONFIG, NAME, NUMBER, SITE, DeskController, PtyDesk, Pulled, written

PASSPHRASE = "correct horse"
NEW = written({**CONFIG, "settings": {"restart_delay_s": 600}})


@pytest.fixture
def desk():
    """A box on a pty; it restarts in no time."""
    box = DeskController()
    box.restart_s = 0.2
    with PtyDesk(box) as served:
        yield served


def run(desk, *words, **environment):
    """(exit code, stdout, stderr) of one call, in English unless it says otherwise."""
    lang = () if "--lang" in words or "--help" in words or environment else ("--lang", "en")
    where = () if desk is None else ("--port", desk.path)
    environment = {"LC_ALL": "", "LANG": "C", "KAREZ_KEY_PASSPHRASE": PASSPHRASE, **environment}
    result = CliRunner(env=environment).invoke(app, [str(word) for word in (*words, *where, *lang)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def who(tmp_path, desk):
    """Options of a technician whose key stands in the box's list."""
    key = tmp_path / "li.pem"
    desk.box.keys[NUMBER] = keys.make(key, PASSPHRASE)
    return "--key", key, "--number", NUMBER


def test_find_says_who_answers_where(desk):
    assert run(desk, "find") == (0, f"{desk.path:<16} controller {NAME} at site {SITE}\n", "")
    code, out, _ = run(desk, "find", "--json")
    assert code == 0 and json.loads(out) == [{"port": desk.path, "controller": NAME, "site": SITE}]


def test_find_with_nobody_there_says_what_to_look_at(desk, monkeypatch):
    desk.box.is_deaf = True
    monkeypatch.setattr("karez_gateway.technician.line.ANSWER_S", 0.1)
    code, out, err = run(desk, "find")
    assert (code, out) == (3, "") and f"no controller answers on {desk.path}" in err and "powered?" in err


def test_a_port_that_is_not_there_is_wrong_use():
    code, _, err = run(None, "status", "--port", "/dev/nowhere")
    assert code == 2 and err.startswith("karez tech: /dev/nowhere cannot be opened: ") and "dialout" in err
    code, out, _ = run(None, "status", "--port", "/dev/nowhere", "--json")
    assert code == 2 and json.loads(out)["error"] == "port-closed"


def test_without_a_port_the_one_that_answers_is_taken(desk, monkeypatch):
    with PtyDesk(DeskController()) as other:
        ports = [(desk.path, "one")]
        monkeypatch.setattr("karez_gateway.technician.port.names", lambda: ports)
        assert run(None, "identify")[0] == 0
        ports.append((other.path, "two"))
        code, _, err = run(None, "identify")
        assert code == 2 and desk.path in err and other.path in err and "--port" in err
        ports.clear()
        code, _, err = run(None, "identify")
        assert code == 3 and "no serial port" in err


@pytest.mark.parametrize(
    ("words", "shown", "member"),
    [
        (["identify"], NAME, "controller"),
        (["status"], "time trusted", "pump"),
        (["status", "--account", "7"], "12345", "pump"),
        (["live"], "00003039", "contactor"),
        (["raw", "water"], "01030400003039", "quantity"),
        (["events", "3"], "door open", "newest"),
        (["records", "5", "2"], "00" * 128, "next"),
        (["bus"], "good 9", "parts"),
        (["health"], "late_ms", "free"),
        (["accounts"], "used_l 12345", "nobody_l"),
        (["grant"], "in_force           yes", "policy"),
        (["orders"], "none", "orders"),
    ],
)
def test_what_can_be_read_is_shown_to_people_and_to_programs(desk, words, shown, member):
    code, out, err = run(desk, *words)
    assert (code, err) == (0, "") and shown in out
    code, out, _ = run(desk, *words, "--json")
    found = json.loads(out)
    assert code == 0 and found["ok"] is True and member in found and "tag" not in found
    assert ["status", "7"] in desk.box.requests or words[-1] != "7"


def test_live_repeats_as_often_as_it_is_told(desk):
    code, out, _ = run(desk, "live", "--every", "0.01", "--count", "3", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and len(lines) == 3 and lines[0]["parts"][0]["raw"] == "00003039"


def test_a_refusal_of_the_controller_is_code_1(desk):
    code, out, err = run(desk, "raw", "level")
    assert (code, out) == (1, "") and err.startswith(
        "karez tech: the controller refuses: expected a quantity"
    )
    code, out, _ = run(desk, "raw", "level", "--json")
    assert code == 1 and json.loads(out)["error"] == "usage"


def test_chinese_on_request_or_by_the_environment(desk):
    assert "累计水量" in run(desk, "status", "--lang", "zh")[1]
    assert "累计水量" in run(desk, "status", LANG="zh_CN.UTF-8")[1]
    assert run(desk, "raw", "level", "--lang", "zh")[2].startswith("karez tech: 控制器拒绝")
    code, _, err = run(desk, "status", "--lang", "fr")
    assert code == 2 and "--lang" in err


def test_the_words_of_the_controller_are_chinese_too():
    speech = Speech("zh", False)
    for words in [*flag_names.STATUS_NAMES.split("|"), *flag_names.ALARM_NAMES.split("|")]:
        assert speech.value("status", words) in WORDS.values(), words
    for words in [*pump.STATE_NAMES, *master.STATUS_NAMES]:
        assert speech.value("state", words) in WORDS.values(), words
    for number, words in causes.every():
        assert re.search("[\u4e00-\u9fff]", speech.value("text", words)), number
    assert speech.value("site", "off") == "off" and Speech("en", False).value("pump", "off") == "off"


def test_what_a_box_says_steers_no_terminal(desk):
    desk.box.identity["site"] = "\x1b[2J\x07"
    desk.box.config = '{"areas": ["\x9b2J"]}'.encode()
    for words in (["identify"], ["find"], ["config", "show"]):
        code, out, _ = run(desk, *words)
        assert code == 0 and not re.search("[\x1b\x07\x9b]", out)


def test_a_configuration_is_saved_shown_and_compared(desk, tmp_path):
    file = tmp_path / "well.json"
    code, out, _ = run(desk, "config", "save", file)
    assert code == 0 and file.read_bytes() == desk.box.config and re.search(r"sha256 [0-9a-f]{64}", out)
    code, _, err = run(desk, "config", "save", file)
    assert code == 2 and "--force" in err
    assert run(desk, "config", "save", file, "--force")[0] == 0
    assert json.loads(run(desk, "config", "show")[1]) == CONFIG
    assert json.loads(run(desk, "config", "show", "--json")[1])["document"] == CONFIG
    assert run(desk, "config", "diff", file)[0] == 0
    file.write_bytes(NEW)
    code, out, _ = run(desk, "config", "diff", file)
    assert (code, out) == (1, "settings.restart_delay_s: 900 -> 600\n")
    found = json.loads(run(desk, "config", "diff", file, "--json")[1])
    assert found["differences"] == [{"place": "settings.restart_delay_s", "in_force": 900, "file": 600}]


def test_meters_are_compared_by_what_they_count(desk, tmp_path):
    file = tmp_path / "well.json"
    meters = [{**CONFIG["meters"][1], "baud": 4800}, CONFIG["meters"][0]]
    file.write_bytes(written({**CONFIG, "meters": meters}))
    assert run(desk, "config", "diff", file)[1] == "meters[energy].baud: (nothing) -> 4800\n"


def test_a_file_is_checked_at_the_desk_without_a_controller(tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    code, out, _ = run(None, "config", "check", file, "--offline")
    assert code == 0 and "no fault" in out
    document = {**CONFIG, "settings": {"restart_delay_s": 9_999, "poll_idle_ms": 10_000, "pol_idle_ms": 1}}
    file.write_bytes(written(document))
    code, out, err = run(None, "config", "check", file, "--offline")
    assert (code, out) == (2, "")
    assert err.splitlines()[:2] == [
        "settings.restart_delay_s: 9999 is outside 0…3600",
        "settings.pol_idle_ms: is no setting (docs/configuration.md has them all)",
    ]
    found = json.loads(run(None, "config", "check", file, "--offline", "--json")[1])
    assert [one["path"] for one in found["faults"]] == ["settings.restart_delay_s", "settings.pol_idle_ms"]


HELP = "from karez_gateway.technician.cli import app; app()"
HALF = NEW[: len(NEW) // 2]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (HALF, r"ends too early, at line \d+, column \d+"),
        (b"", "is empty"),
        (b'{"settings": {},\n "meters": [1,]}', "line 2, column 15"),
        (b'{"settings": {}, "settings": {}}', "settings stands twice"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"areas":\n["\xb4\xf3"]}', "line 2: not UTF-8"),
        (b'{"settings": NaN}', "NaN"),
        (b"[" * 4000, "no JSON document|ends too early"),
        (b" " * 5000, "5000 bytes, a controller holds 4080"),
    ],
)
def test_a_file_that_is_no_document_is_told_where_and_sent_nowhere(desk, who, tmp_path, data, said):
    file = tmp_path / "well.json"
    file.write_bytes(data)
    for verb in (["apply", file, *who], ["apply", file, "--unchecked", *who], ["diff", file]):
        code, _, err = run(desk, "config", *verb)
        assert code == 2 and re.search(said, err), err
    assert desk.box.requests == []
    assert "cannot be read" in run(desk, "config", "diff", tmp_path / "none.json")[2]
    assert "cannot be read" in run(desk, "config", "diff", tmp_path)[2]


def test_a_configuration_is_applied_by_a_technician_and_read_back(desk, who, tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    code, out, err = run(desk, "config", "apply", file, *who)
    assert code == 0 and "in force after a restart, read back and compared" in out, err
    assert desk.box.config == NEW
    code, out, _ = run(desk, "config", "apply", file, *who, "--json")
    assert code == 0 and json.loads(out)["changed"] is False


def test_a_saved_file_is_restored_by_applying_it(desk, who, tmp_path):
    saved, file = tmp_path / "saved.json", tmp_path / "well.json"
    old = desk.box.config
    assert run(desk, "config", "save", saved)[0] == 0
    file.write_bytes(NEW)
    assert run(desk, "config", "apply", file, *who)[0] == 0
    assert run(desk, "config", "apply", saved, *who)[0] == 0 and desk.box.config == old


def test_the_controller_is_asked_whether_it_would_take_a_file(desk, who, tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    old = desk.box.config
    code, out, _ = run(desk, "config", "check", file, *who)
    assert code == 0 and "the controller would take it" in out and desk.box.config == old
    desk.box.config_refusal = "configuration: the binding counts by a meter of water, and there is none"
    code, _, err = run(desk, "config", "check", file, *who)
    assert code == 1 and "counts by a meter of water" in err


def test_nothing_is_applied_without_a_key_with_a_wrong_one_or_a_faulty_file(desk, who, tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    old = desk.box.config
    assert run(desk, "config", "apply", file)[0] == 2
    assert "--number" in run(desk, "config", "apply", file, *who[:2])[2]
    code, _, err = run(desk, "config", "apply", file, *who, KAREZ_KEY_PASSPHRASE="wrong passphrase")
    assert code == 2 and "passphrase is wrong" in err
    assert desk.box.requests == []
    other = tmp_path / "other.pem"
    keys.make(other, PASSPHRASE)
    code, _, err = run(desk, "config", "apply", file, "--key", other, "--number", NUMBER)
    assert code == 1 and "does not believe this key" in err
    file.write_bytes(written({**CONFIG, "settings": {"restart_delay_s": -1}}))
    assert run(desk, "config", "apply", file, *who)[0] == 2
    assert desk.box.config == old


def test_a_running_pump_is_not_stopped_unasked(desk, who, tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    old, desk.box.is_pumping = desk.box.config, True
    code, _, err = run(desk, "config", "apply", file, *who)
    assert code == 2 and "--stop-pump" in err and desk.box.config == old
    assert run(desk, "config", "apply", file, "--stop-pump", *who)[0] == 0 and desk.box.config == NEW


def test_unchecked_leaves_the_decision_to_the_controller(desk, who, tmp_path):
    file = tmp_path / "well.json"
    data = written({**CONFIG, "settings": {"from_the_future": 1}})
    file.write_bytes(data)
    assert run(desk, "config", "apply", file, *who)[0] == 2
    assert run(desk, "config", "apply", file, "--unchecked", *who)[0] == 0 and desk.box.config == data


def test_the_role_is_given_back_at_the_end(desk, who, tmp_path):
    file = tmp_path / "well.json"
    file.write_bytes(NEW)
    run(desk, "config", "check", file, *who)
    assert ["logout"] in desk.box.requests and desk.box.number is None
    run(desk, "status")
    assert ["text"] in desk.box.requests  # the line is left to people


def test_the_first_list_lets_a_technician_in_and_a_newer_one_ends_his_key(desk, tmp_path):
    regulator, key, file = Regulator(), tmp_path / "li.pem", tmp_path / "county.technicians"
    config = tmp_path / "well.json"
    config.write_bytes(NEW)
    desk.box.regulator, desk.box.keys = regulator.public, {}
    who = ("--key", key, "--number", NUMBER)
    public = bytes.fromhex(json.loads(run(None, "keygen", key, "--json")[1])["public"])
    assert run(desk, "config", "check", config, *who)[0] == 1
    file.write_bytes(regulator.technicians(1, 1_790_000_000, Technician(NUMBER, public)))
    assert run(desk, "technicians", "bring", file) == (0, "list 1 is in force\n", "")
    assert run(desk, "config", "check", config, *who)[0] == 0
    assert "was in force already" in run(desk, "technicians", "bring", file)[1]
    assert "number 12" in run(desk, "technicians", "show")[1]
    file.write_bytes(regulator.technicians(2, 1_790_000_001))
    assert run(desk, "technicians", "bring", file, "--json")[0] == 0
    assert run(desk, "config", "check", config, *who)[0] == 1


def test_a_list_of_another_regulator_an_older_one_and_no_list_change_nothing(desk, tmp_path):
    regulator, file = Regulator(), tmp_path / "county.technicians"
    desk.box.regulator = regulator.public
    file.write_bytes(Regulator().technicians(5, 1_790_000_000))
    code, _, err = run(desk, "technicians", "bring", file)
    assert code == 1 and "not signed by the key" in err and not desk.box.roster
    file.write_bytes(regulator.technicians(3, 1_790_000_000))
    assert run(desk, "technicians", "bring", file)[0] == 0
    held = desk.box.roster
    file.write_bytes(regulator.technicians(2, 1_790_000_000))
    code, _, err = run(desk, "technicians", "bring", file)
    assert code == 1 and "not newer" in err
    desk.box.requests.clear()
    file.write_bytes(held[:-1])
    code, _, err = run(desk, "technicians", "bring", file)
    assert code == 2 and "no signed list" in err and ["json"] not in desk.box.requests
    assert desk.box.roster == held


def test_keygen_makes_an_encrypted_key_and_shows_its_public_half(tmp_path):
    file = tmp_path / "li.pem"
    code, out, _ = run(None, "keygen", file)
    assert (
        code == 0 and b"ENCRYPTED PRIVATE KEY" in file.read_bytes() and file.stat().st_mode & 0o777 == 0o600
    )
    public = keys.load(file, PASSPHRASE).public_key().public_bytes_raw().hex()
    assert public in out
    code, _, err = run(None, "keygen", tmp_path / "c.pem", KAREZ_KEY_PASSPHRASE=None)
    assert code == 2 and "KAREZ_KEY_PASSPHRASE" in err and not (tmp_path / "c.pem").exists()
    code, _, err = run(None, "keygen", file)
    assert code == 2 and "is there already" in err
    assert run(None, "keygen", tmp_path / "short.pem", KAREZ_KEY_PASSPHRASE="short")[0] == 2
    assert json.loads(run(None, "keygen", tmp_path / "b.pem", "--json")[1])["ok"] is True


def test_keys_of_another_sort_are_refused_by_what_they_are(tmp_path, desk):
    file, config = tmp_path / "key.pem", tmp_path / "well.json"
    config.write_bytes(NEW)
    other = Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, said in ((b"nonsense", "no private key in PEM"), (other, "another sort")):
        file.write_bytes(data)
        code, _, err = run(desk, "config", "apply", config, "--key", file, "--number", 1)
        assert code == 2 and said in err
    assert desk.box.requests == []


def test_a_bundle_comes_whole_and_is_a_bundle(desk, tmp_path):
    file = tmp_path / "well.kzb"
    desk.box.bundle = made.season_with_log()[0].bundle()
    code, out, err = run(desk, "bundle", file)
    assert code == 0 and file.read_bytes() == desk.box.bundle and "karez verify" in out, err
    bundles.require_digest(bundles.decode(file.read_bytes()))
    assert run(desk, "bundle", file)[0] == 2
    desk.box.bundle = b"KZB1 but nothing behind it"
    code, _, err = run(desk, "bundle", tmp_path / "other.kzb")
    assert code == 3 and not (tmp_path / "other.kzb").exists()
    desk.box.bundle = b""
    assert run(desk, "bundle", tmp_path / "other.kzb")[0] == 1


def test_a_read_out_holds_everything_and_names_what_is_missing(desk, tmp_path):
    file = tmp_path / "well.json"
    desk.box.bundle = made.season_with_log()[0].bundle()
    code, _, err = run(desk, "readout", file)
    assert code == 0, err
    found = json.loads(file.read_text())
    assert found["identify"]["controller"] == NAME and json.loads(found["config"]["document"]) == CONFIG
    assert found["raw"]["water"]["parts"][1] == {"answer": "01030400003039"}
    assert found["bundle"]["file"] == "well.kzb"
    assert (tmp_path / "well.kzb").read_bytes() == desk.box.bundle
    desk.box.bundle = b""
    assert run(desk, "readout", file)[0] == 2  # never replaced unasked
    (tmp_path / "well.kzb").unlink()
    code, out, _ = run(desk, "readout", file, "--force")
    assert (
        code == 0
        and "without a bundle" in out
        and "no signature" in json.loads(file.read_text())["bundle"]["error"]
    )
    changes = ("put", "piece", "apply", "login", "prove")
    assert not any(word in changes for words in desk.box.requests for word in words)


def test_a_cable_that_is_pulled_is_one_sentence_and_leaves_no_file(desk, tmp_path):
    feed = desk.box.feed

    def pulled(data, now_s):
        if b"config" in data:
            raise Pulled
        return feed(data, now_s)

    desk.box.feed = pulled
    code, out, err = run(desk, "config", "save", tmp_path / "well.json")
    assert (code, out) == (3, "") and "the cable is gone" in err and len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_texts_exist_in_both_languages_with_the_same_blanks():
    for table in (TEXTS, PAGE, SCREEN):
        assert table["en"].keys() == table["zh"].keys()
        for name, text in table["en"].items():
            blanks = re.findall(r"\{(\w+)", text)
            assert sorted(set(blanks)) == sorted(set(re.findall(r"\{(\w+)", table["zh"][name]))), name


def test_help_comes_within_a_second_and_loads_neither_serial_nor_cryptography():
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", HELP, "--help"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "config" in done.stdout and time.monotonic() - started < 5
    for heavy in ("serial", "cryptography", "textual", "karez_gateway.store"):
        assert not re.search(rf"\| +{heavy}$", done.stderr, re.MULTILINE), heavy
    for words in (["config", "--help"], ["live", "--help"], ["config", "apply", "--help"]):
        assert run(None, *words)[0] == 0
    assert "Example: karez tech live" in run(None, "live", "--help")[1]


def test_the_tool_is_its_own_subpackage():
    folder = Path(connection.__file__).parent
    for path in folder.glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip().startswith(("from karez_gateway", "import karez_gateway")):
                raise AssertionError(f"{path.name}: {line}")


PAGE_TEXT = (Path(__file__).parents[2] / "docs" / "technician.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^karez tech (.*?)(?:\s+#.*)?$", PAGE_TEXT, re.MULTILINE)


# Guided verbs go as far as this desk's box and an empty keyboard let them; whole, a real box leads through
# them in tests/system/test_commission_vm.py.
GUIDED = {
    "commission": "nobody answered site.name_zh",
    "swap-meter": "nobody answered site.name_zh",
    "swap-box": "old.kzb is of the controller",  # the desk's bundle is another well's
    "swap-box --from": "well-12.toml: 6 faults. Nothing was sent.",  # it holds answers here, not a site
}


def _technician(desk):
    """The list's row of the key that the box believes already."""
    return Technician(NUMBER, desk.box.keys[NUMBER])


def test_every_command_of_the_page_does_what_it_says(desk, who, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) == 33
    regulator = Regulator()
    desk.box.regulator = regulator.public
    Path("county.technicians").write_bytes(regulator.technicians(1, 1_790_000_000, _technician(desk)))
    desk.box.bundle = made.season_with_log()[0].bundle()
    Path("well-12.commissioning.json").write_bytes(commissionings.filed())
    Path("well-12.toml").write_text("[grant]\n")
    for line in COMMANDS:
        words = line.split()
        if words[0] in GUIDED:
            new = keys.load(Path("li.pem"), PASSPHRASE).public_key()  # `keygen` has made another meanwhile
            desk.box.keys[NUMBER] = new.public_bytes_raw()
            code, _, err = run(desk, *words)
            said = GUIDED["swap-box --from" if "--from" in words else words[0]]
            assert (code, said in err) == (2, True), (line, err)
            continue
        if words[0] == "keygen":
            Path("li.pem").unlink()
        if words[0] == "screen":
            continue  # tests/gateway/test_technician_screen.py
        if words[:2] == ["live", "--every"]:
            words = ["live", "--every", "0.01", "--count", "2"]  # a person ends it with Ctrl-C
        code, _, err = run(None if "--offline" in words or words[0] in ("keygen", "report") else desk, *words)
        assert (code, err) == (0, ""), line
        if words[:2] == ["config", "diff"]:
            Path("well-12.json").write_bytes(NEW)
            assert run(desk, *words)[0] == 1
    assert desk.box.config == NEW
    files = "county.technicians li.pem newer.kzb old.json old.kzb read-out.json read-out.kzb reports "
    files += "well-12-meter.visit well-12.commissioning.html well-12.commissioning.json "
    files += "well-12.commissioning.pdf well-12.json well-12.kzb well-12.toml well-12.visit"
    assert sorted(path.name for path in tmp_path.iterdir()) == files.split()


def test_every_sentence_the_page_explains_is_one_the_tool_says():
    table = PAGE_TEXT.split("| It says |")[1]
    told = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    assert len(told) >= 6
    for sentence in told:
        words = re.sub(r" … ", r" .* ", sentence)
        assert any(re.search(words, text) for text in TEXTS["en"].values()), sentence
