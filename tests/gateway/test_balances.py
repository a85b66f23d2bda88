"""`karez gateway balances`: C7 over a list, and every line that is none."""

import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.errors import Refused
from karez_gateway.power.balances import balanced

LINE = {"name": "T12", "feeder_wh": 900_000, "wells": [400_000, [300_000, 5]]}


def run(words, text=None):
    return CliRunner().invoke(app, ["balances", *words], input=text)


def test_each_line_is_answered_and_a_finding_is_exit_code_one(tmp_path):
    file = tmp_path / "list.jsonl"
    closed = {"name": "变压器 3", "feeder_wh": 103_000, "wells": [40_000, 60_000], "losses_permille": 30}
    file.write_text("\ufeff" + json.dumps(LINE) + "\n\n" + json.dumps(closed, ensure_ascii=False) + "\r\n")
    done = run([str(file)])
    first, second = (json.loads(line) for line in done.output.splitlines())
    assert done.exit_code == 1
    # 900 kWh less 700 of the wells and 45 of losses; root of 9,000^2, 8,000^2 and 1,500^2, rounded up.
    assert first == {
        "name": "T12", "unexplained_wh": 155_000, "uncertainty_wh": 12_135, "finding": "unmetered load",
    }  # fmt: skip
    assert (second["name"], second["finding"]) == ("变压器 3", "")


def test_balances_that_close_are_exit_code_zero_also_from_a_pipe():
    done = run(["-"], json.dumps({"feeder_wh": 100, "wells": [98]}))
    assert done.exit_code == 0 and json.loads(done.output)["name"] == "1"


@pytest.mark.parametrize("data", ["", "\n \n", "\ufeff"])
def test_a_list_that_holds_no_transformer_is_refused(data):
    done = run(["-"], data)
    assert done.exit_code == 2 and "standard input holds no transformer" in done.output


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xb1\xe4", "is not UTF-8"),
        (b"{", "line 1: this is no JSON object"),
        (b"[" * 100_000, "line 1: this is no JSON object"),
        (b"[1]", "line 1: a line is an object"),
        (b'\n{"wells": [], "feeder_wh": 1, "kwh": 2}', "line 2: 'kwh' is not known"),
        (b'{"wells": []}', "feeder_wh is a whole number from 0 to 1000000000000000, not None"),
        (b'{"wells": [], "feeder_wh": true}', "feeder_wh is a whole number"),
        (b'{"wells": [], "feeder_wh": 1e9}', "feeder_wh is a whole number"),
        (b'{"wells": [], "feeder_wh": ' + b"9" * 4000 + b"}", "feeder_wh is a whole number"),
        (b'{"wells": [], "feeder_wh": ' + b"9" * 9000 + b"}", "this is no JSON object"),
        (b'{"wells": [], "feeder_wh": NaN}', "feeder_wh is a whole number"),
        (b'{"wells": 5, "feeder_wh": 1}', "wells is a list"),
        (b'{"wells": [1, -2], "feeder_wh": 1}', "well 2 is a whole number"),
        (b'{"wells": [[1, 2, 3]], "feeder_wh": 1}', "well 1 is its watt-hours, or"),
        (b'{"wells": [[1, 2000]], "feeder_wh": 1}', "permille of well 1 is a whole number from 0 to 1000"),
        (b'{"wells": [], "feeder_wh": 1, "losses_permille": 1001}', "losses_permille is a whole number"),
        (b'{"wells": [], "feeder_wh": 1, "name": "a\\nb"}', "name is a text in one line"),
        (b'{"wells": [], "feeder_wh": 1, "name": 5}', "name is a text in one line"),
    ],
)
def test_what_is_no_balance_is_refused_with_its_line(data, said):
    with pytest.raises(Refused) as refused:
        list(balanced(data, "f"))
    assert said in str(refused.value) and len(str(refused.value)) < 200


def test_one_bad_line_answers_nothing_at_all(tmp_path):
    file = tmp_path / "list.jsonl"
    file.write_text(json.dumps(LINE) + "\nx\n")
    done = run([str(file)])
    assert done.exit_code == 2 and done.output.startswith("karez gateway: ") and "line 2" in done.output
    assert "cannot be read" in run([str(tmp_path / "none")]).output
    assert run([str(tmp_path)]).exit_code == 2
