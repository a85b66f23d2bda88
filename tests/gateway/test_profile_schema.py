"""The JSON Schema of profiles: every profile passes, and what it refuses `Profile` refuses too."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import karez_protocols
from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile
from karez_protocols.profile_fields import KINDS, UNITS
from test_profile_refused import GONE, OPTIONAL, SHAPE, changed, every_key

PROFILES = Path(karez_protocols.__file__).parent / "profiles"
SCHEMA = json.loads((PROFILES / "profile.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
NAMES = sorted(path.stem for path in PROFILES.glob("*.json") if path.name != "profile.schema.json")


def test_the_schema_itself_is_one():
    Draft202012Validator.check_schema(SCHEMA)
    assert len(NAMES) >= 24


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_passes(name):
    document = json.loads((PROFILES / f"{name}.json").read_text())
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    assert Profile(document).name == name


@pytest.mark.parametrize(("name", "path", "value"), SHAPE)
def test_what_has_the_wrong_shape_is_refused_by_both(name, path, value):
    document = changed(name, path, value)
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(ProtocolError):
        Profile(document)


@pytest.mark.parametrize("name", ["tuf2000m", "em1010", "dlt645-2007", "cjt188", "qdy30a"])
def test_a_missing_or_an_unknown_key_is_refused_by_both(name):
    document = changed(name, ("version",), 1)
    for path in every_key(document):
        if path[-1] in OPTIONAL or "unit_factors" in path[:-1]:
            continue
        assert not VALIDATOR.is_valid(changed(name, path, GONE)), path
        strange = changed(name, (*path[:-1], "nobody_reads_this"), 1)
        assert not VALIDATOR.is_valid(strange), path
        with pytest.raises(ProtocolError):
            Profile(strange)


def test_types_and_units_are_those_of_the_code():
    fields = [
        SCHEMA["$defs"][name]["properties"]["type"]["enum"] for name in ("dlt645_field", "cjt188_field")
    ]
    assert fields == [list(KINDS), list(KINDS)]
    assert SCHEMA["$defs"]["unit"]["enum"] == list(UNITS)


@pytest.mark.parametrize("name", NAMES)
def test_a_change_that_the_schema_takes_raises_nothing_strange(name):
    # Every leaf replaced by other values: a Profile is made or refused, nothing else.
    document = json.loads((PROFILES / f"{name}.json").read_text())
    for path in every_key(document):
        for value in (None, 0, -1, 3, 1 << 70, True, "", "A", [], [[]], {}, 0.5):
            try:
                Profile(changed(name, path, value))
            except ProtocolError:
                continue
