"""Exports as people meet them: by hand, in gateway.toml, in status, doctor, metrics, from a real service."""

import csv
import io
import json
import signal

import pytest
from typer.testing import CliRunner

from karez_gateway import config as configuration
from karez_gateway.cli import main as cli
from karez_gateway.errors import ConfigError
from karez_gateway.operation import doctor, statustext
from karez_gateway.operation.status import status
from karez_gateway.service import metrics

from .county import create, opened
from .service_process import service, until_status
from .synthetic import START_UTC_S, SyntheticController
from .test_config import MINIMAL
from .test_metrics import figures, get

EXPORT = '[[export]]\nname = "c"\nkind = "ledger"\n'


def filled(directory, extra=""):
    """A gateway with litres of two wells."""
    create(directory, extra)
    boxes = [SyntheticController("a", "well-1"), SyntheticController("b", "=well-2")]
    for box in boxes:
        box.irrigate(30)
    with opened(directory) as county:
        county.enrol(*boxes)
        for box in boxes:
            county.take(box, *box.payloads())
        county.work()
        return sum(county.litres().values())


def table(*words):
    return CliRunner().invoke(cli.app, ["table", *map(str, words)])


SPAN = ("--from", "2026-09-21", "--to", "2026-09-23")


def test_a_file_that_is_there_is_replaced_by_nobody_who_did_not_say_so(tmp_path):
    settings = tmp_path / "g" / "gateway.toml"
    create(tmp_path / "g")
    kept = settings.read_bytes()
    done = table("--data", tmp_path / "g", *SPAN, "--out", settings)
    assert done.exit_code != 0 and "exists already: name another file, or say --force" in done.output
    assert settings.read_bytes() == kept and not settings.with_name("gateway.toml.sha256").exists()


def test_tables_by_hand_say_the_same_litres_in_every_form(tmp_path):
    total = filled(tmp_path / "g")
    data = ("--data", tmp_path / "g")
    for form in ("csv", "json", "xlsx"):
        out = tmp_path / f"x.{form}"
        done = table(*data, *SPAN, "--format", form, "--out", out, "--json")
        assert done.exit_code == 0, done.stderr
        told = json.loads(done.stdout)
        assert (
            told["rows"] > 0
            and (tmp_path / f"x.{form}.sha256").read_text() == f"{told['sha256']}  x.{form}\n"
        )
    rows = list(csv.DictReader(io.StringIO((tmp_path / "x.csv").read_text(), newline="")))
    assert sum(int(row["volume_l"]) for row in rows) == total
    assert {row["site"] for row in rows} == {"well-1", "'=well-2"} and {row["late_l"] for row in rows} == {
        "0"
    }
    found = json.loads((tmp_path / "x.json").read_text())
    assert sum(row["volume_l"] for row in found["rows"]) == total
    assert found["log_origin"] == "karez.test/county" and "well register W" in found["statistic_method"]
    assert found["rows"][0]["first_entry"].startswith("karez.test/county#")
    by_hour = ("--step", "hour", "--site", "well-1", "--language", "zh", "--bom")
    done = table(*data, *SPAN, *by_hour, "--out", tmp_path / "h.csv")
    assert done.exit_code == 0 and (tmp_path / "h.csv").read_bytes().startswith(b"\xef\xbb\xbf\xe8\xa1\x8c")


def test_records_and_states_by_hand(tmp_path):
    filled(tmp_path / "g")
    data = ("--data", tmp_path / "g")
    out = tmp_path / "r.json"
    span = ("--from", "2026-09-21T14:30Z", "--to", "2026-09-21T15:30Z")
    done = table(*data, "--kind", "records", *span, "--format", "json", "--out", out)
    assert done.exit_code == 0, done.stderr
    rows = json.loads(out.read_text())["rows"]
    assert len(rows) == 24 and {row["verdict"] for row in rows} == {"good"}
    assert all("2026-09-21T22:30:00+08:00" <= row["time"] < "2026-09-21T23:30:00+08:00" for row in rows)
    done = table(*data, "--kind", "status", "--format", "json", "--out", out, "--force")
    assert [row["site"] for row in json.loads(out.read_text())["rows"]] == ["=well-2", "well-1"]


def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path):
    filled(tmp_path / "g")
    for words, says in (
        (["--kind", "litres"], "--kind is one of ledger, records, status"),
        (["--format", "pdf"], "--format is one of csv, xlsx, json"),
        ([], "say of which span"),
        (["--from", "2026-10-02", "--to", "2026-10-01"], "ends before it begins"),
        (["--from", "2026-10-02", "--to", "2026-11-01", "--step", "month"], "not the beginning of a month"),
        ([*SPAN, "--site", "well-9"], "no controller stands or stood at well-9"),
        (["--kind", "status", *SPAN], "leave --from and --to out"),
    ):
        done = table("--data", tmp_path / "g", "--out", tmp_path / "x.csv", *words)
        assert done.exit_code == 2 and says in done.stderr, done.stderr
    assert not list(tmp_path.glob("*x.csv*"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (EXPORT.replace('"c"', '"../c"'), "lower-case letters, digits and dashes"),
        (EXPORT.replace('"c"', '"C"'), "lower-case letters, digits and dashes"),
        (EXPORT.replace("ledger", "bundle"), "export.0.kind"),
        (EXPORT + EXPORT, "two exports have the same name"),
        (EXPORT + 'at = "24:00"\n', 'a time of day reads "HH:MM"'),
        (EXPORT + 'step = "month"\n', "a file of a day has rows of hours or of the day"),
        (EXPORT.replace("ledger", "records") + 'step = "hour"\n', "step belongs to ledger, not to records"),
        (EXPORT + 'format = "xlsx"\nbom = true\n', "bom belongs to csv, not to xlsx"),
        (EXPORT + "keep = -1\n", "export.0.keep"),
        (EXPORT + "utc_offset_h = 15\n", "export.0.utc_offset_h"),
        (EXPORT + 'language = "fr"\n', "export.0.language"),
        ("[api]\nport = 0\n", "api.port"),
        ('[api]\nhost = "0.0.0.0"\n', "plain HTTP is for this machine only"),
        ('[api]\ncertificate = "x"\n', "certificate and key belong together"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_to_do(text, says):
    with pytest.raises(ConfigError) as raised:
        configuration.parse(MINIMAL + text, "gateway.toml")
    assert says in str(raised.value)


def test_folders_and_certificates_are_relative_to_the_file(tmp_path):
    (tmp_path / configuration.FILE).write_text(MINIMAL + EXPORT + '[api]\ncertificate = "x"\nkey = "y"\n')
    with pytest.raises(ConfigError, match=r"api\.certificate: .*/x is not a file"):
        configuration.load(tmp_path)
    (tmp_path / configuration.FILE).write_text(MINIMAL + EXPORT + 'folder = "/srv/out"\n')
    assert str(configuration.load(tmp_path).export[0].folder) == "/srv/out"
    (tmp_path / configuration.FILE).write_text(MINIMAL + EXPORT)
    assert configuration.load(tmp_path).export[0].folder == tmp_path / "exports"


async def test_a_running_service_writes_what_is_due_and_ends_when_told(tmp_path):
    directory = tmp_path / "g"
    filled(
        directory,
        "\n" + EXPORT + 'at = "00:00"\n\n' + EXPORT.replace('"c"', '"s"').replace("ledger", "status"),
    )
    async with service(directory) as running:
        await running.event("ready")
        await until_status(directory, lambda facts: all(one["last"] for one in facts["exports"]))
        code, log = await running.end(signal.SIGTERM)
    assert code == 0 and sum('"exported"' in one for one in log) == 2
    assert {one.name[:2] for one in (directory / "exports").iterdir()} == {"c-", "s-"}
    config = configuration.load(directory)
    with opened(directory) as county:
        found = status(county.store, config)
    assert [one["overdue"] for one in found["exports"]] == [None, None]
    shown = [line for line in statustext.lines(found) if line.startswith("export ")]
    assert len(shown) == 2 and shown[0].startswith("export c: last file c-")


def test_doctor_and_metrics_tell_what_fails_and_how_far_it_came(tmp_path):
    directory = tmp_path / "g"
    filled(directory, "\n" + EXPORT)
    config = configuration.load(directory)
    (found,) = [one for one in doctor.examine(config) if one.part == "export"]
    assert found.state == doctor.WARNING and "is overdue; no file yet" in found.text
    now_s = START_UTC_S + 40 * 86_400
    (directory / "exports.json").write_text(
        json.dumps(
            {"c": {"problem": "the disk is full", "since_utc_s": now_s, "wait_s": 60, "next_utc_s": now_s}}
        )
    )
    (found,) = [one for one in doctor.examine(config) if one.part == "export"]
    assert found.state == doctor.WARNING and "FAILS, the disk is full" in found.text
    with (
        opened(directory) as county,
        metrics.served(county.store, directory / "service.json", "127.0.0.1", 0) as port,
    ):
        told = figures(get(port, "/metrics")[1])
    assert told[("karez_export_failing", "c")] == 1
