"""Who brought it in: bindings, grants, orders, key lists and tokens bear a name, and the log holds it."""

import json

import pytest
from typer.testing import CliRunner

from karez_gateway.api import tokens
from karez_gateway.cli.main import app

from .county import create, opened
from .papers import COUNTY, COUNTY_KEY, make_keys, make_order
from .synthetic import START_UTC_S, SyntheticController, make_grant

BY = ("--by", "li")


@pytest.fixture
def data(tmp_path):
    return create(tmp_path / "g")


def karez(data, *words, ok=0):
    done = CliRunner().invoke(app, [*map(str, words), "--data", str(data)])
    assert done.exit_code == ok, done.output
    return done


def trail(data):
    """(sort, who, what of it) of every line of the trail, the oldest first."""
    found = json.loads(karez(data, "acts", "list", "--json").stdout)
    return sorted((one["sort"], one["by"], one["subject"]) for one in found)


def file(tmp_path, name, body):
    (tmp_path / name).write_bytes(body)
    return tmp_path / name


def test_whoever_brings_something_in_stands_in_the_trail_and_in_the_log(data, tmp_path):
    box, other = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    lines = f"binding\n{other.binding.hex()}\n".encode()
    karez(data, "enrol", file(tmp_path, "a.binding", box.binding), *BY)
    karez(data, "import", file(tmp_path, "many.csv", lines), "--by", "wang")
    karez(data, "grant", file(tmp_path, "a.grant", make_grant("well-1", 1, 5_000)), "--by", "zhao")
    office = make_keys(1, (COUNTY, COUNTY_KEY))
    karez(data, "keys", file(tmp_path, "1.keys", office), "--because", "new office", *BY)
    karez(data, "order", file(tmp_path, "n.order", make_order("area:N", 1)), "--all", *BY)
    assert trail(data) == [
        ("binding-brought", "li", f"{box.name} at well-1"),
        ("binding-brought", "wang", f"{other.name} at well-2"),
        ("bring-binding", "li", ""),
        ("bring-binding", "wang", ""),
        ("bring-grant", "zhao", ""),
        ("bring-keys", "li", ""),
        ("bring-order", "li", ""),
        ("grant-brought", "zhao", "well-1"),
        ("key-list-brought", "li", "well-1"),
        ("key-list-brought", "li", "well-2"),
        ("order-brought", "li", "well-1"),
        ("order-brought", "li", "well-2"),
    ]
    found = json.loads(karez(data, "acts", "list", "--json", "--sort", "bring-keys").stdout)
    assert found[0]["because"] == "new office"
    with opened(data) as county:
        assert county.acts.log_queued(START_UTC_S) == 5
    assert json.loads(karez(data, "acts", "check", "--json").stdout)["wrong"] == []


def test_what_is_refused_or_known_leaves_no_act(data, tmp_path):
    box = SyntheticController("a", "well-1")
    path, grant = (
        file(tmp_path, "a.binding", box.binding),
        file(tmp_path, "g.grant", make_grant("well-1", 1, 5_000)),
    )
    karez(data, "enrol", path, "--by", "li\nwang", ok=2)
    karez(data, "grant", grant, *BY, ok=2)
    assert trail(data) == []
    for _ in range(2):
        karez(data, "enrol", path, *BY)
    assert [sort for sort, _, _ in trail(data)] == ["binding-brought", "bring-binding"]


def test_a_file_s_name_that_is_no_line_is_no_reason(data, tmp_path):
    box = SyntheticController("a", "well-1")
    karez(data, "enrol", file(tmp_path, "a\nb\u202e.binding", box.binding), *BY)
    (one,) = json.loads(karez(data, "acts", "list", "--json", "--sort", "bring").stdout)
    assert one["because"] == "brought in: a file"


def test_tokens_that_are_given_out_and_ended_are_acts_without_the_token(data):
    shown = karez(data, "token", "add", "town", "--sites", "well-1", "--because", "for the town", *BY).stdout
    karez(data, "token", "add", "town", "--all", *BY, ok=2)
    karez(data, "token", "end", "town", "--by", "wang", "--document", "7")
    karez(data, "token", "end", "town", *BY, ok=2)
    assert trail(data) == [("token-ended", "wang", "town"), ("token-made", "li", "town")]
    assert shown.strip() not in karez(data, "acts", "list", "--json").stdout
    assert len(tokens.load(data / tokens.FILE)) == 1


def test_a_token_whose_act_cannot_be_kept_is_not_made(data):
    karez(data, "token", "add", "town", "--all", "--by", "x" * 65, ok=2)
    assert not (data / tokens.FILE).exists()
