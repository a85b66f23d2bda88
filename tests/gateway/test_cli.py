"""The commands as people and programs meet them."""

import json
import os
import subprocess
import sys

import pytest

from karez_gateway.log.keys import load_key

from .synthetic import PROVISIONER, REGULATOR, SyntheticController, public

KAREZ = [sys.executable, "-m", "karez_gateway"]


def karez(*words, **environment):
    return subprocess.run(
        [*KAREZ, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_help_lists_every_group_without_importing_one():
    probe = (
        "import sys; sys.argv = ['karez', '--help']\n"
        "from karez_gateway.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = 'sqlalchemy aiomqtt cryptography karez_protocols karez_simulators structlog'.split()\n"
        "print([one for one in sys.modules if one.split('.')[0] in heavy or one == 'karez_gateway.cli.main'])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    for group in ("bench", "gateway", "verify"):
        assert f"\n  {group}" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_the_packages_own():
    from importlib.metadata import version

    assert karez("--version").stdout == f"karez {version('karez')}\n"


def test_an_unknown_group_is_refused_with_code_2():
    done = karez("gatewy")
    assert done.returncode == 2 and "gatewy" in done.stderr


def test_a_missing_package_is_one_line_with_the_extra_that_brings_it(tmp_path):
    (tmp_path / "sqlalchemy.py").write_text("raise ModuleNotFoundError('gone', name='sqlalchemy')")
    karez("gateway", "init", tmp_path / "g")
    done = karez("gateway", "status", "--data", tmp_path / "g", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == (
        "karez gateway: package sqlalchemy is missing. Install it with: pip install 'karez[gateway]'\n"
    )


@pytest.mark.parametrize("verb", ["init", "run", "status", "enrol", "grant", "export", "ledger"])
def test_every_verb_has_help_with_an_example(verb):
    done = karez("gateway", verb, "--help")
    assert done.returncode == 0 and f"Example: karez gateway {verb}" in done.stdout


def test_init_creates_everything_and_refuses_to_replace_anything(tmp_path):
    directory = tmp_path / "g"
    words = [
        "gateway",
        "init",
        directory,
        "--origin",
        "karez.test/x",
        "--provisioner",
        public(PROVISIONER).hex(),
    ]
    words += ["--regulator", public(REGULATOR).hex(), "--broker-port", "2883"]
    assert karez(*words).returncode == 0
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    names = {path.name for path in before}
    assert {"gateway.toml", "log.key", "log.vkey", "trust.json", "checkpoint"} <= names
    assert load_key(directory / "log.key", "karez.test/x").verifier_key.name == "karez.test/x"
    assert json.loads((directory / "trust.json").read_text())["log"] == [
        (directory / "log.vkey").read_text().strip()
    ]
    done = karez(*words)
    assert done.returncode == 2 and "exists already: nothing was changed" in done.stderr
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--provisioner", "12"], "trust.provisioner"),
        (["--regulator", "12", "--provisioner", "0" * 64], "regulator"),
        (["--name", "a name that is too long"], "gateway.name"),
        (["--broker-host", "192.0.2.1"], "plain MQTT is for this machine only"),
        (["--origin", "with+plus"], "with+plus"),
        (["--broker-port", "0"], "broker.port"),
    ],
)
def test_init_refuses_what_could_not_run_and_leaves_nothing(tmp_path, words, says):
    done = karez("gateway", "init", tmp_path / "g", *words)
    assert done.returncode == 2 and says in done.stderr
    assert not (tmp_path / "g").exists()


def test_an_empty_gateway_says_so(tmp_path):
    karez("gateway", "init", tmp_path / "g")
    text = karez("gateway", "status", "--data", tmp_path / "g")
    assert text.returncode == 0 and text.stdout.startswith("gateway: not running")
    facts = json.loads(karez("gateway", "status", "--data", tmp_path / "g", "--json").stdout)
    assert (facts["running"], facts["controllers"], facts["log"]["entries"]) == (False, [], 0)
    assert json.loads(karez("gateway", "ledger", "--data", tmp_path / "g", "--json").stdout) == []


def test_what_is_asked_of_the_wrong_files_is_refused_with_code_2(tmp_path):
    directory = tmp_path / "g"
    karez("gateway", "init", directory, "--provisioner", public(PROVISIONER).hex())
    binding = tmp_path / "b"
    binding.write_bytes(SyntheticController("a", "well-1").binding)
    for words, says in [
        (["enrol", tmp_path / "none"], "cannot be read"),
        (["enrol", directory / "gateway.toml"], "this is no signed binding"),
        (["grant", binding], "this is no grant"),
        (["export", tmp_path / "out"], "say whose records"),
        (["export", "--site", "well-1", tmp_path / "out"], "no controller is enrolled at site well-1"),
    ]:
        done = karez("gateway", *words, "--data", directory)
        assert done.returncode == 2 and says in done.stderr, done
    assert not (tmp_path / "out").exists()
    assert karez("gateway", "enrol", binding, "--data", directory).stdout.endswith("is enrolled\n")
    assert karez("gateway", "enrol", binding, "--data", directory).stdout.endswith("is enrolled already\n")


def test_init_writes_the_brokers_settings_and_replaces_none(tmp_path):
    directory = tmp_path / "g"
    assert karez("gateway", "init", directory).returncode == 0
    settings = (directory / "broker" / "mosquitto.conf").read_text()
    assert f"acl_file {directory}/broker/access" in settings and "require_certificate true" in settings
    assert "pattern write karez/1/%u/up" in (directory / "broker" / "access").read_text()
    again = karez("gateway", "init", directory)
    assert again.returncode == 2 and "exists already" in again.stderr
