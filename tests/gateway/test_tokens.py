"""Tokens of the API: made once, kept as digests, ended at once."""

import json
import threading

import pytest
from typer.testing import CliRunner

from karez_gateway.api import tokens
from karez_gateway.api.tokens import Scope, Tokens
from karez_gateway.cli import main as cli
from karez_gateway.errors import Refused, StoreError

from .county import create

NOW = 1_790_100_000
EVERY = Scope(None)


def test_a_token_opens_what_it_says_and_only_its_digest_is_kept(tmp_path):
    text = tokens.add(tmp_path, "town", Scope(frozenset({"well-1"})), NOW)
    found = Tokens(tmp_path).find(text, NOW)
    assert found.name == "town" and found.scope.allows("well-1") and not found.scope.allows("well-2")
    kept = (tmp_path / tokens.FILE).read_text()
    assert text not in kept and text.removeprefix(tokens.PREFIX) not in kept
    assert (tmp_path / tokens.FILE).stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.tmp"))


def test_two_tokens_are_never_the_same_and_each_opens_its_own(tmp_path):
    made = {tokens.add(tmp_path, f"t{number}", EVERY, NOW): f"t{number}" for number in range(20)}
    held = Tokens(tmp_path)
    assert len(made) == 20
    assert all(held.find(text, NOW).name == name for text, name in made.items())


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "karez_",
        "karez_" + "A" * 43,
        "Karez_" + "A" * 43,
        "karez_" + "A" * 44,
        "karez_" + "é" * 43,
        "x" * 9999,
    ],
)
def test_what_is_no_token_opens_nothing(tmp_path, shown):
    tokens.add(tmp_path, "town", EVERY, NOW)
    assert Tokens(tmp_path).find(shown, NOW) is None


def test_every_changed_character_makes_a_token_wrong(tmp_path):
    text = tokens.add(tmp_path, "town", EVERY, NOW)
    held = Tokens(tmp_path)
    for at in range(len(text)):
        wrong = text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1 :]
        assert held.find(wrong, NOW) is None, at


def test_a_token_is_over_at_its_time_and_not_a_second_before(tmp_path):
    text = tokens.add(tmp_path, "town", EVERY, NOW, NOW + 10)
    held = Tokens(tmp_path)
    assert held.find(text, NOW + 9) and held.find(text, NOW + 10) is None
    with pytest.raises(Refused, match="over already"):
        tokens.add(tmp_path, "late", EVERY, NOW, NOW)


def test_a_server_that_has_read_the_file_sees_that_a_token_ended(tmp_path):
    text = tokens.add(tmp_path, "town", EVERY, NOW)
    held = Tokens(tmp_path)
    assert held.find(text, NOW)
    tokens.end(tmp_path, "town", NOW + 1)
    assert held.find(text, NOW + 2) is None
    again = tokens.add(tmp_path, "town", EVERY, NOW + 3)  # the name is free again, the old token is not
    assert held.find(again, NOW + 4) and held.find(text, NOW + 4) is None
    assert [one.ended_utc_s for one in held.every()] == [NOW + 1, None]


def test_a_name_is_given_out_once_and_only_what_is_there_ends(tmp_path):
    tokens.add(tmp_path, "town", EVERY, NOW)
    with pytest.raises(Refused, match="end it first"):
        tokens.add(tmp_path, "town", EVERY, NOW)
    with pytest.raises(Refused, match="no token nobody"):
        tokens.end(tmp_path, "nobody", NOW)
    for name in ("", "../x", "a b", "-x", "x" * 65, "井"):
        with pytest.raises(Refused, match="1 to 64 letters"):
            tokens.add(tmp_path, name, EVERY, NOW)
    with pytest.raises(Refused, match="1 to 5000 sites"):
        tokens.add(tmp_path, "none", Scope(frozenset()), NOW)


def test_two_who_add_at_the_same_moment_both_get_theirs(tmp_path):
    made = []
    threads = [
        threading.Thread(target=lambda at=at: made.append(tokens.add(tmp_path, f"t{at}", EVERY, NOW)))
        for at in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    held = Tokens(tmp_path)
    assert len(made) == 8 and all(held.find(text, NOW) for text in made)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kept: kept | {"format": "karez-tokens/2"}, "another Karez"),
        (lambda kept: {"format": kept["format"]}, "damaged"),
        (
            lambda kept: kept | {"tokens": [kept["tokens"][0] | {"scope": {"regions": ["x"]}}]},
            "does not know",
        ),
        (
            lambda kept: kept | {"tokens": [kept["tokens"][0] | {"scope": {"sites": ["a"], "all": True}}]},
            "know",
        ),
        (lambda kept: kept | {"tokens": [kept["tokens"][0] | {"sha256": "xy"}]}, "damaged"),
        (lambda kept: [], "damaged"),
    ],
)
def test_a_file_that_is_not_understood_opens_nothing(tmp_path, change, says):
    text = tokens.add(tmp_path, "town", EVERY, NOW)
    path = tmp_path / tokens.FILE
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(StoreError, match=says):
        Tokens(tmp_path).find(text, NOW)


def token(*words):
    return CliRunner().invoke(cli.app, ["token", *map(str, words)])


def test_the_command_shows_a_token_once_lists_it_and_ends_it(tmp_path):
    directory = create(tmp_path / "g")
    data = ("--data", directory)
    assert "nobody may ask" in token("list", *data).stdout
    made = token("add", *data, "town", "--sites", "well-1, well-2", "--until", "2099-12-31")
    assert made.exit_code == 0 and Tokens(directory).find(made.stdout.strip(), NOW).scope.allows("well-2")
    listed = token("list", *data).stdout
    assert "valid" in listed and "until 2099-12-31: well-1, well-2" in listed
    assert made.stdout.strip() not in listed
    found = json.loads(token("list", *data, "--json").stdout)
    assert found[0]["sites"] == ["well-1", "well-2"] and found[0]["until_utc_s"] == 4_102_416_000
    assert token("end", *data, "town").exit_code == 0
    assert "ended" in token("list", *data).stdout
    for words in (["x"], ["x", "--sites", "a", "--all"], ["x", "--all", "--until", "soon"]):
        done = token("add", *data, *words)
        assert done.exit_code == 2 and done.stderr.startswith("karez gateway: "), done
