"""gateway.toml: what is wrong is named with its key."""

import pytest

from karez_gateway import config as configuration
from karez_gateway.errors import ConfigError
from karez_gateway.verifier.note import COSIGNATURE, VerifierKey

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


def test_what_init_writes_can_be_loaded_and_has_absolute_paths(tmp_path):
    config = configuration.load(create(tmp_path / "g"))
    assert config.data == tmp_path / "g" and config.data.is_absolute()


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
        (MINIMAL + COUNTY + 'dialect = "1"\n', "destination.0.dialect"),
        (MINIMAL + COUNTY + 'controller = "well"\n', "16 lower-case hexadecimal digits"),
        (MINIMAL + COUNTY.replace('"c"', '"a name that is too long"'), "1 to 16 bytes"),
        ("[gateway\n", "gateway.toml is not TOML"),
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
