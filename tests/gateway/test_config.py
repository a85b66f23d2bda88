"""gateway.toml: what is wrong is named with its key."""

import tomllib

import pytest

from karez_gateway import config as configuration
from karez_gateway.config.county import County
from karez_gateway.config.reports import Reports
from karez_gateway.errors import ConfigError
from karez_gateway.uploads import adapters, kinds, mqtt_json, sl651, szy206
from karez_gateway.verifier.note import COSIGNATURE, VerifierKey
from karez_protocols import record

from .county import create

MINIMAL = '[gateway]\nname = "g"\n[log]\norigin = "karez.test/g"\n'
KEYS = [str(VerifierKey("w.example", bytes([number]) * 32, COSIGNATURE)) for number in (1, 2)]
WITNESS = f'[[witness]]\nname = "w"\nkey = "{KEYS[0]}"\nurl = "https://w.example/"\n'
COUNTY = '[[destination]]\nname = "c"\nkind = "szy206"\nhost = "h"\nport = 1\naddress = "4101050100"\n'


def problem(text):
    with pytest.raises(ConfigError) as raised:
        configuration.parse(text, "gateway.toml")
    return str(raised.value)


def test_the_smallest_file_is_enough():
    config = configuration.parse(MINIMAL, "x")
    assert (config.broker.host, config.broker.port, config.destination) == ("127.0.0.1", 1883, ())


def test_the_county_s_tables_that_init_writes_are_its_defaults_and_a_list(tmp_path):
    written = (create(tmp_path / "g") / "gateway.toml").read_text(encoding="utf-8")
    tables = written[written.index("# [county]") :].replace("\n# ", "\n").removeprefix("# ")
    county = configuration.parse(MINIMAL + tables, "x").county
    (line,) = county.reports.list
    assert line.name == "key-users" and line.holds(500_000_000) and not line.holds(499_999_999)
    assert line.from_year == 2025 and line.to_year == 2030 and line.classes == ("industry",)
    assert county.model_copy(update={"reports": Reports()}) == County()
    assert county.reports.model_copy(update={"list": ()}) == Reports()
    spoken = set(tomllib.loads(tables)["county"]["reports"]) | set(tomllib.loads(tables)["county"])
    assert spoken == set(Reports.model_fields) | set(County.model_fields)


def test_what_init_writes_can_be_loaded_and_has_absolute_paths(tmp_path):
    config = configuration.load(create(tmp_path / "g"))
    assert config.data == tmp_path / "g" and config.data.is_absolute()


JSON = '[[destination]]\nname = "j"\nkind = "mqtt-json"\nhost = "127.0.0.1"\nport = 1883\n'
SL651 = COUNTY.replace("szy206", "sl651")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (COUNTY.replace("szy206", "szy207"), "destination.0.kind"),
        (COUNTY + 'level = "village"\n', "destination.0.level"),
        (COUNTY.replace('host = "h"', 'host = ""'), "destination.0.host"),
        (COUNTY.replace('address = "4101050100"', ""), "name them under [destination.stations]"),
        (COUNTY + 'stations = {"well-1" = "41"}\n', "stations.well-1: a station address is 10 hexadecimal"),
        (
            COUNTY + 'stations = {"well-1" = "41010501AA", "well-2" = "41010501aa"}\n',
            "well-1 and well-2 both have address 41010501aa",
        ),
        (
            COUNTY + 'stations = {"well-1" = "4101050101"}\ncontroller = "0123456789abcdef"\n',
            "controller is for the one well of address",
        ),
        (SL651 + 'dialect = "206"\n', "dialect 206 is none of sl651, which has 651"),
        (SL651 + "centre = 0\n", "destination.0.centre"),
        (SL651 + 'password = "12"\n', "a station's password is 4 hexadecimal digits"),
        (COUNTY + "remote_stop = true\n", "need the platform's password"),
        (JSON + 'password = "1234"\n', "password belongs to szy206 and sl651, not to mqtt-json"),
        (COUNTY + "centre = 2\n", "centre belongs to sl651, not to szy206: remove it"),
        (SL651 + 'topic = "x"\n', "topic belongs to mqtt-json"),
        (COUNTY + 'records = ["start"]\n', "records: szy206 carries interval, stop, not start"),
        (JSON + 'records = ["statement"]\n', "not statement"),
        (COUNTY + "every_s = -1\n", "destination.0.every_s"),
        (COUNTY + "since = 2026-11-22T00:00:00\n", "write a time with its zone"),
        (COUNTY + "timeout_s = 301\n", "destination.0.timeout_s"),
        (JSON + 'dialect = "1"\n', "no dialects: remove it"),
        (JSON + 'switches = {tag_seconds = "zero"}\n', "switches belongs to szy206 and sl651"),
        (COUNTY + 'switches = {tag_secs = "zero"}\n', "switches: no switch tag_secs: there are types, "),
        (COUNTY + 'switches = {tag_seconds = "one"}\n', "switches: no dialect has tag_seconds = one"),
        (COUNTY + 'switches = {channel_order = "volume_first"}\n', "switches: no switch channel_order"),
        (COUNTY + "switches = {motor_bytes = true}\n", "switch motor_bytes = True is no whole number"),
        (SL651 + "switches = {filler = 1}\n", "switches: a filler is AA or FF"),
        (JSON.replace("127.0.0.1", "192.0.2.1"), "plain MQTT is for this machine only: set ca for 192.0.2.1"),
        (JSON + 'certificate = "c"\n', "certificate and key belong together"),
        (JSON + 'tls_name = "c"\n', "need ca"),
        (JSON + 'user = "c"\n', "user and password_file belong together"),
        (JSON + 'topic = "a/+"\n', "without + and #"),
        (JSON + 'topic = "a/"\n', "without a / at its end"),
        (JSON + 'confirm = "no"\n', "destination.0.confirm"),
        (JSON + 'stations = {"well-1" = ""}\n', "a station's code has 1 to 32 bytes"),
    ],
)
def test_what_is_wrong_with_a_platform_is_said_with_what_to_do(text, says):
    assert says in problem(MINIMAL + text)


def test_platforms_of_three_levels_each_have_their_own_settings(tmp_path):
    (tmp_path / "p").write_text("secret")
    text = (
        MINIMAL
        + COUNTY.replace('address = "4101050100"', 'level = "county"')
        + '[destination.stations]\nwell-1 = "41010501aa"\n'
        + SL651.replace('"c"', '"d"')
        + 'level = "city"\ndialect = "651-76"\npassword = "12ab"\ncentre = 3\n'
        + JSON
        + 'level = "province"\nuser = "u"\npassword_file = "p"\nsince = 2026-11-22T00:00:00Z\n'
        + 'records = ["stop", "event"]\n'
    )
    (tmp_path / configuration.FILE).write_text(text)
    county, city, province = configuration.load(tmp_path).destination
    assert county.stations == {"well-1": "41010501aa"} and county.spoken == "206"
    assert (city.spoken, city.password, city.centre, city.level) == ("651-76", "12AB", 3, "city")
    assert province.password_file == tmp_path / "p" and province.since_utc_s == 1_795_305_600
    assert province.reported == (record.STOP, record.EVENT) and len(city.reported) == 2
    (tmp_path / configuration.FILE).write_text(text.replace('"p"', '"q"'))
    with pytest.raises(ConfigError, match=r"destination\.2\.password_file: .*/q is not a file"):
        configuration.load(tmp_path)


def test_the_kinds_are_those_of_the_adapters_with_their_dialects():
    for name, kind in kinds.KINDS.items():
        at = {"name": "c", "kind": name, "host": "127.0.0.1", "port": 1, "address": "4101050100"}
        for dialect in kind.dialects or ("",):
            one = configuration.Destination(**at, **({"dialect": dialect} if dialect else {}))
            assert adapters.adapter_of(one).connection("4101050100") is not None
    assert kinds.KINDS["szy206"].dialects == tuple(szy206.DIALECTS)
    assert kinds.KINDS["sl651"].dialects == tuple(sl651.DIALECTS)
    assert kinds.KINDS["szy206"].records == szy206.REPORTED and kinds.KINDS["sl651"].records == sl651.REPORTED
    assert set(kinds.KINDS["mqtt-json"].records) == set(mqtt_json.OWN)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MINIMAL + "[brokr]\n", "brokr is not known; correct the spelling or remove it"),
        (MINIMAL + "[broker]\nprot = 1\n", "broker.prot is not known"),
        ('[gateway]\nname = "g"\n', "log is missing; add it"),
        (MINIMAL + "[broker]\nport = 70000\n", "broker.port"),
        (MINIMAL + '[broker]\nport = "x"\n', "broker.port"),
        (MINIMAL + '[broker]\nhost = "192.0.2.1"\n', "plain MQTT is for this machine only"),
        (MINIMAL + '[broker]\nca = "a"\n', "ca, certificate and key belong together"),
        (MINIMAL + '[broker]\ntls_name = "a"\n', "tls_name has no meaning"),
        (MINIMAL + '[trust]\nprovisioner = "12"\n', "64 hexadecimal digits"),
        (MINIMAL + COUNTY + COUNTY, "two destinations are called c"),
        (MINIMAL + COUNTY.replace("4101050100", "41"), "10 hexadecimal digits"),
        (MINIMAL + COUNTY + 'dialect = "1"\n', "dialect 1 is none of szy206, which has 206, 427"),
        (MINIMAL + COUNTY + 'controller = "well"\n', "16 lower-case hexadecimal digits"),
        (MINIMAL + COUNTY.replace('"c"', '"a name that is too long"'), "1 to 16 bytes"),
        ("[gateway\n", "gateway.toml is not TOML"),
        ("x = " + "9" * 5000, "gateway.toml is not TOML"),
        (
            MINIMAL + WITNESS.replace("https", "http"),
            "plain HTTP is for this machine only: use https://w.example",
        ),
        (MINIMAL + WITNESS.replace("https", "ftp"), "reads https://host/path"),
        (MINIMAL + WITNESS.replace("//w.example/", "//w.example/?a=b"), "reads https://host/path"),
        (MINIMAL + WITNESS.replace("https://w.example/", "https:///x"), "reads https://host/path"),
        (MINIMAL + WITNESS.replace("https://w.example/", "https://[::x/"), "witness.0.url"),
        (MINIMAL + WITNESS.replace(KEYS[0], "w"), "name+hash+base64"),
        (MINIMAL + WITNESS.replace(KEYS[0], str(VerifierKey("w", bytes(32)))), "a log's key"),
        (MINIMAL + WITNESS + "timeout_s = 0\n", "witness.0.timeout_s"),
        (MINIMAL + WITNESS + "timeout_s = 61\n", "witness.0.timeout_s"),
        (MINIMAL + WITNESS + WITNESS, "two witnesses have the same name"),
        (MINIMAL + WITNESS + WITNESS.replace('"w"', '"v"'), "two witnesses have the same url"),
        (
            MINIMAL
            + WITNESS
            + WITNESS.replace('"w"', '"v"').replace("https://w.example/", "https://v.example/"),
            "two witnesses have the same key",
        ),
        (MINIMAL + "cosign_every_s = 0\n", "log.cosign_every_s"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(text, says):
    assert says in problem(text)


def test_witnesses_stand_in_the_file_each_with_name_key_and_address():
    second = WITNESS.replace('"w"', '"v"').replace(KEYS[0], KEYS[1]).replace("https://w.", "https://v.")
    config = configuration.parse(MINIMAL + WITNESS + second + "timeout_s = 2.5\n", "x")
    assert [(one.name, one.timeout_s) for one in config.witness] == [("w", 10.0), ("v", 2.5)]
    assert config.log.cosign_every_s == 10.0
    here = WITNESS.replace("https://w.example/", "http://127.0.0.1:8080/x")
    assert configuration.parse(MINIMAL + here, "x").witness[0].url == "http://127.0.0.1:8080/x"


def test_a_missing_file_says_what_to_run(tmp_path):
    with pytest.raises(ConfigError, match="run karez gateway init"):
        configuration.load(tmp_path)


def test_a_file_that_is_not_text_is_named(tmp_path):
    (tmp_path / configuration.FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        configuration.load(tmp_path)


def test_a_certificate_that_is_not_there_is_named(tmp_path):
    text = MINIMAL + '[broker]\nca = "a"\ncertificate = "b"\nkey = "c"\n'
    (tmp_path / configuration.FILE).write_text(text)
    with pytest.raises(ConfigError, match=r"broker\.ca: .*/a is not a file"):
        configuration.load(tmp_path)


def test_without_a_provisioner_enrolling_says_what_to_write():
    with pytest.raises(ConfigError, match=r"trust\.provisioner is not set"):
        _ = configuration.parse(MINIMAL, "x").trust.provisioner_key
