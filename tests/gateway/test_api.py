"""The API: who gets in, what is there, how it says no, over real HTTP and TLS."""

import datetime as dt
import json
import os
import signal
import ssl
import subprocess
import sys
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from karez_gateway.api import tokens
from karez_gateway.errors import StoreError
from karez_gateway.proofs import evidence
from karez_gateway.store.readonly import ReadOnlyDatabase
from karez_gateway.store.schema import cursor

from .api_desk import NOW_UTC_S, desk
from .county import create
from .synthetic import START_UTC_S, SyntheticController
from .test_cli import KAREZ


def box(seed="a", site="well-1", intervals=6):
    found = SyntheticController(seed, site)
    found.irrigate(intervals)
    return found


@pytest.fixture
def one(tmp_path):
    with desk(tmp_path / "g", box()) as found:
        yield found


PATHS = [
    "/v1/sites",
    "/v1/sites/well-1",
    "/v1/sites/well-1/ledger?from=2026-09-21&to=2026-09-22",
    "/v1/sites/well-1/records",
    "/v1/sites/well-1/findings",
    "/v1/sites/well-1/bundle",
    "/v1/log",
    "/v1/log/checkpoint",
    "/v1/destinations",
]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_without_a_valid_token(one, path):
    assert one.ask(path).status_code == 200
    for shown in ("", "karez_" + "A" * 43, "nonsense"):
        found = one.ask(path, token=shown)
        assert found.status_code == 401 and found.headers["www-authenticate"].startswith("Bearer")
        assert "well-1" not in found.text
    basic = one.ask(path, token="", headers={"Authorization": "Basic a2FyZXo6a2FyZXo="})
    assert basic.status_code == 401


def test_without_any_token_nobody_gets_in_and_the_answer_says_so(one):
    (one.directory / tokens.FILE).unlink()
    status, kind, detail = one.problem("/v1/sites")
    assert (status, kind) == (401, "no-token") and "karez gateway token add" in detail


def test_a_token_ends_and_is_over_while_the_api_runs(one):
    shown = one.give("town", until_utc_s=NOW_UTC_S + 100)
    assert one.ask("/v1/sites", token=shown).status_code == 200
    one.now_utc_s += 100
    assert one.problem("/v1/sites", token=shown)[:2] == (401, "wrong-token")
    one.now_utc_s -= 100
    tokens.end(one.directory, "town", NOW_UTC_S)
    assert one.problem("/v1/sites", token=shown)[:2] == (401, "wrong-token")


def test_who_is_wrong_too_often_waits_and_who_is_right_does_not(one):
    for _ in range(10):
        assert one.problem("/v1/sites", token="wrong")[0] == 401
    found = one.ask("/v1/sites", token="wrong")
    assert found.status_code == 429 and int(found.headers["retry-after"]) == 61
    assert one.ask("/v1/sites").status_code == 200
    one.now_utc_s += 60
    assert one.problem("/v1/sites", token="wrong")[0] == 401


def test_a_site_outside_the_scope_is_not_there(tmp_path):
    with desk(tmp_path / "g", box(), box("b", "well-2")) as found:
        shown = found.give("town", "well-2", "well-3")
        listed = found.ask("/v1/sites", token=shown).json()
        assert [one["site"] for one in listed["sites"]] == ["well-2"]
        for path in PATHS[1:6]:
            outside = found.problem(path, token=shown)
            absent = found.problem(path.replace("well-1", "well-3"), token=shown)
            assert outside == absent and outside[:2] == (404, "no-such-site")
            assert found.ask(path.replace("well-1", "well-2"), token=shown).status_code == 200
        other = found.county.sequencer  # a controller of another site is not there either
        name = box().name
        assert other is not None
        assert found.problem("/v1/sites/well-2/bundle", token=shown, controller=name)[0] == 404


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_other_verb_is_refused(one, method):
    for path in [*PATHS, "/v1/health"]:
        found = one.ask(path, method)
        assert found.status_code == 405 and found.headers["allow"] == "GET", path


def test_the_store_refuses_whoever_would_write(one):
    for opening in (one.store.reading, one.store.writing):
        for statement in (insert(cursor).values(stage="x", position=1), text("CREATE TABLE x (a int)")):
            with (
                pytest.raises((DBAPIError, StoreError), match=r"readonly|read-only"),
                opening() as connection,
            ):
                connection.execute(statement)
    with one.store.reading() as connection:  # the file itself is opened for reading
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(DBAPIError, match="readonly"):
            connection.execute(insert(cursor).values(stage="x", position=1))


def test_asking_everything_changes_no_byte_of_the_data_directory(one):
    def bytes_of():
        kept = (path for path in one.directory.rglob("*") if path.is_file() and path.suffix != "")
        return {path: path.read_bytes() for path in kept if not path.name.endswith(("-shm", "-wal"))}

    before = bytes_of()
    for path in PATHS:
        assert one.ask(path).status_code == 200
    assert bytes_of() == before


def test_a_store_of_another_version_is_an_error_that_says_what_to_do(one):
    with one.county.store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    status, kind, detail = one.problem("/v1/sites")
    assert (status, kind) == (503, "other-version") and "version 0001" in detail
    with pytest.raises(StoreError, match="brings an older store up to date"):
        ReadOnlyDatabase.open(one.config.store_url)
    with one.county.store.reading() as connection:  # nobody migrated
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "0001"


def test_what_is_damaged_is_told_without_names_of_files_and_the_operator_hears_more(one, caplog):
    (one.directory / tokens.FILE).write_text("{")
    status, kind, detail = one.problem("/v1/sites")
    assert (status, kind) == (503, "store-unavailable") and str(one.directory) not in detail
    assert f"{one.directory / tokens.FILE} is damaged" in caplog.text


def test_a_store_that_is_not_there_yet_is_an_error_that_says_what_to_do(tmp_path):
    directory = create(tmp_path / "g")
    done = subprocess.run(
        [*KAREZ, "gateway", "api", "--data", directory],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2 and "start the service once" in done.stderr
    assert not (directory / "karez.sqlite3").exists()


def test_a_site_says_how_it_stands(tmp_path):
    gap = box("b", "well-2")
    for _ in range(20):
        gap.interval(10)
    lost = gap.seq
    never = SyntheticController("c", "well-3")
    with desk(tmp_path / "g", box(), never) as found:
        found.county.enrol(gap)
        found.county.take(gap, *gap.payloads(last=10), gap.frame(lost))
        found.county.work()
        good, broken, nothing = found.get("/v1/sites")["sites"]
        assert (good["site"], good["state"], good["missing_records"]) == ("well-1", "reporting", 0)
        assert good["verified_seq"] == good["top_seq"] == 10 and good["well_register_l"] == 1_000_000 + 28_000
        assert good["last_seen"] == {"utc_s": NOW_UTC_S - 60, "iso": "2026-09-23T02:00:00+08:00"}
        assert broken["stored_seq"] == 10 and broken["top_seq"] == lost
        assert broken["missing_records"] == lost - 11 and broken["unjudged_records"] == 1
        assert (nothing["state"], nothing["last_seen"], nothing["verified_to"]) == ("nothing", None, None)
        found.now_utc_s += 3 * 3600
        assert found.get("/v1/sites/well-1")["state"] == "silent"
        assert found.get("/v1/sites/well-2/findings")["gaps"] == [
            {"controller": gap.name, "chain": 1, "first_seq": 11, "last_seq": lost - 1, "is_lost": False}
        ]


def test_sites_are_paged_by_name(tmp_path):
    boxes = [SyntheticController(f"s{number}", f"well-{number}") for number in range(7)]
    with desk(tmp_path / "g", *boxes) as found:
        seen, after = [], ""
        while after is not None:
            page = found.get("/v1/sites", limit=3, **({"after": after} if after else {}))
            seen += [one["site"] for one in page["sites"]]
            after = page["next"]
        assert seen == [one.site for one in boxes]


def test_the_bundle_has_the_bytes_that_the_command_writes(one):
    found = one.ask("/v1/sites/well-1/bundle")
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.content == evidence.export(one.county.store, one.config, site="well-1").data
    part = one.ask("/v1/sites/well-1/bundle", from_seq=2, to_seq=5).content
    assert part == evidence.export(one.county.store, one.config, site="well-1", from_seq=2, to_seq=5).data


def test_what_cannot_be_proved_yet_is_said(tmp_path):
    young = SyntheticController("a", "well-1")
    young.interval(10)
    with desk(tmp_path / "g", young) as found:
        status, kind, detail = found.problem("/v1/sites/well-1/bundle")
        assert (status, kind) == (409, "refused") and "no verified signature yet" in detail


def test_the_log_gives_its_newest_checkpoint_and_its_key(one):
    told = one.get("/v1/log")
    assert told["origin"] == "karez.test/county" and told["size"] == 10
    assert told["verifier_key"] == (one.directory / "log.vkey").read_text().strip()
    assert one.ask("/v1/log/checkpoint").content == (one.directory / "log" / "checkpoint").read_bytes()


def test_an_answer_that_the_caller_has_is_not_sent_again(one):
    first = one.ask("/v1/sites")
    again = one.ask("/v1/sites", headers={"If-None-Match": first.headers["etag"]})
    assert (
        again.status_code == 304 and again.content == b"" and again.headers["etag"] == first.headers["etag"]
    )
    assert one.ask("/v1/sites", headers={"If-None-Match": '"other"'}).status_code == 200


def test_platforms_are_told_without_names_of_wells_to_whom_sees_only_some(tmp_path):
    extra = (
        '\n[[destination]]\nname = "county"\nkind = "szy206"\nhost = "h"\nport = 9\naddress = "4101050100"\n'
    )
    with desk(tmp_path / "g", box(), extra=extra) as found:
        (told,) = found.get("/v1/destinations")["destinations"]
        assert (told["name"], told["kind"], told["waiting"]) == ("county", "szy206", 0)
        assert told["state"] == "service not running"


def test_health_needs_no_token_and_tells_nothing_else(one):
    found = one.ask("/v1/health", token="")
    assert (found.status_code, found.json()) == (503, {"state": "service-not-running"})
    service = {"pid": os.getpid(), "utc_s": time.time()}
    (one.directory / "service.json").write_text(json.dumps(service))
    assert one.ask("/v1/health", token="").json() == {"state": "ok"}


def certificate(directory):
    """A certificate of 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (directory / "api.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "api.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.mark.parametrize("is_private", [False, True])
def test_the_process_answers_over_http_and_tls_and_ends_when_told(tmp_path, is_private):
    with desk(tmp_path / "g", box()) as found:
        if is_private:
            certificate(found.directory)
            path = found.directory / "gateway.toml"
            path.write_text(path.read_text() + '\n[api]\ncertificate = "api.crt"\nkey = "api.key"\n')
        process = subprocess.Popen(
            [*KAREZ, "gateway", "api", "--data", str(found.directory), "--port", "0"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            ready = json.loads(process.stdout.readline())
            assert ready["event"] == "ready" and ready["tls"] is is_private and ready["tokens"] == 1
            scheme = "https" if is_private else "http"
            verify = ssl.create_default_context(cafile=found.directory / "api.crt") if is_private else True
            base = f"{scheme}://localhost:{ready['port']}"
            with httpx.Client(base_url=base, verify=verify, trust_env=False) as client:
                headers = {"Authorization": f"Bearer {found.token}"}
                answer = client.get("/v1/sites/well-1", headers=headers)
                assert answer.json()["site"] == "well-1" and "server" not in answer.headers
                assert client.get("/v1/sites").status_code == 401
                assert client.delete("/v1/sites", headers=headers).status_code == 405
                later = SyntheticController("z", "well-9")  # the service writes on meanwhile
                found.county.enrol(later)
                assert len(client.get("/v1/sites", headers=headers).json()["sites"]) == 2
            process.send_signal(signal.SIGTERM)
            assert json.loads(process.stdout.readline()) == {"event": "stopped"}
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.stdout.close()
            process.wait()


def test_plain_http_is_for_this_machine_only(tmp_path):
    directory = create(tmp_path / "g")
    done = subprocess.run(
        [*KAREZ, "gateway", "api", "--data", directory, "--host", "0.0.0.0"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "plain HTTP is for this machine only" in done.stderr


def test_the_verbs_of_the_gateway_load_no_web_server():
    heavy = "[one for one in ('fastapi', 'uvicorn') if one in sys.modules]"
    probe = f"import sys, karez_gateway.cli.main; print({heavy})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_first_hour_of_the_synthetic_wells_is_a_whole_one():
    assert START_UTC_S % 3600 == 0
