"""`karez gateway doctor`: every part in one line, and what to do about it."""

import datetime as dt
import socket
import time
from contextlib import closing

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from karez_gateway import config as configuration
from karez_gateway.operation import doctor
from karez_gateway.store import entries

from .county import RECEIVED_UTC_S, create, opened
from .synthetic import SyntheticController
from .test_cli import karez


def states(directory, now_utc_s=None):
    """{part: (state, text)}; the last of a part."""
    config = configuration.load(directory)
    return {one.part: (one.state, one.text) for one in doctor.examine(config, now_utc_s)}


def listening():
    """A socket that accepts on a free port, and its port."""
    server = socket.create_server(("127.0.0.1", 0))
    return server, server.getsockname()[1]


def used(directory):
    """A gateway that has taken a record."""
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
    return directory


def test_a_gateway_at_rest_says_how_each_part_is(tmp_path):
    found = states(create(tmp_path / "g"))
    assert found["store"][0] == found["log"][0] == found["clock"][0] == doctor.OK
    assert "0 entries" in found["store"][1]
    assert found["service"][0] == doctor.WARNING and "karez gateway run" in found["service"][1]
    assert found["broker"][0] == doctor.FAILED and "does not answer" in found["broker"][1]
    assert "certificate" not in found and "destination" not in found


def test_what_answers_is_told(tmp_path):
    broker, broker_port = listening()
    platform, platform_port = listening()
    with closing(broker), closing(platform):
        directory = create(
            tmp_path / "g",
            f'\n[[destination]]\nname = "county"\nkind = "szy206"\nhost = "127.0.0.1"\n'
            f'port = {platform_port}\naddress = "4101050100"\n',
        )
        path = directory / configuration.FILE
        path.write_text(path.read_text().replace("port = 1883", f"port = {broker_port}"))
        found = states(directory)
    assert found["broker"][0] == found["destination"][0] == doctor.OK
    assert states(directory)["destination"][0] == doctor.WARNING  # nobody else waits for it


def test_a_clock_behind_the_newest_entry_is_told(tmp_path):
    directory = used(create(tmp_path / "g"))
    assert states(directory, RECEIVED_UTC_S + 5)["clock"][0] == doctor.OK
    state, text = states(directory, RECEIVED_UTC_S - 3_600)["clock"]
    assert state == doctor.FAILED and "3600 s behind" in text


def test_a_store_older_than_its_log_is_told(tmp_path):
    directory = used(create(tmp_path / "g"))
    with opened(directory) as county, county.store.writing() as connection:
        assert entries.next_index(connection) > 0
        connection.exec_driver_sql("DELETE FROM entry")
    state, text = states(directory)["log"]
    assert state == doctor.FAILED and "new origin" in text


def test_a_store_and_a_log_that_cannot_be_read_are_told_and_the_rest_is_looked_at(tmp_path):
    directory = create(tmp_path / "g")
    (directory / "karez.sqlite3").write_bytes(b"no database at all" * 100)
    (directory / "log" / "checkpoint").write_bytes(b"nothing signed")
    found = states(directory)
    assert found["store"][0] == found["log"][0] == doctor.FAILED
    assert "restore it from a backup" in found["store"][1] and found["disk"][1]


@pytest.mark.parametrize(("days", "state"), [(400, doctor.OK), (10, doctor.WARNING), (-2, doctor.FAILED)])
def test_a_certificate_is_told_before_it_ends(tmp_path, days, state):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=50))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    directory = create(tmp_path / "g")
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for file, data in (("ca.crt", pem), ("gateway.crt", pem), ("gateway.key", private)):
        (directory / file).write_bytes(data)
    path = directory / configuration.FILE
    path.write_text(
        path.read_text().replace(
            "[broker]", '[broker]\nca = "ca.crt"\ncertificate = "gateway.crt"\nkey = "gateway.key"\n', 1
        )
    )
    assert states(directory, time.time())["certificate"][0] == state


def test_the_command_ends_with_1_when_something_has_failed_and_speaks_json(tmp_path):
    directory = create(tmp_path / "g")
    done = karez("gateway", "doctor", "--data", directory)
    assert done.returncode == 1 and "failed   broker" in done.stdout
    done = karez("gateway", "doctor", "--data", directory, "--json")
    assert done.returncode == 1 and '"part": "store"' in done.stdout
    done = karez("gateway", "doctor", "--data", tmp_path / "none")
    assert done.returncode == 2 and "karez gateway init" in done.stderr
