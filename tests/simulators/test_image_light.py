"""The whole firmware, made light: nothing is read that is not there, and the VM loads all of it."""

import ast
import builtins
import inspect
import os
import subprocess

import pytest

from karez_protocols import record
from karez_simulators import firmware_image, image_light, image_table, vm_start
from karez_simulators.image_modules import Module
from karez_simulators.vm_start import Start

BUNDLES = (image_light.RESIDENT, image_light.WORKING)
in_place = pytest.mark.skipif(not vm_start.can_run_in_place(), reason="this VM cannot run the image in place")


def sources():
    files = firmware_image.sources()
    return {
        ".".join(inside.with_suffix("").parts): source.read_text(encoding="utf-8") for source, inside in files
    }


@pytest.fixture(scope="module")
def light():
    return image_light.lightened(sources())


@pytest.fixture(scope="module")
def modules(light):
    # Their compiler meets `const` as a word of the language.
    return {name: Module(name, text) for name, text in light[0].items()}


def test_the_same_sources_give_the_same_texts(light):
    backwards = dict(reversed(sources().items()))
    assert image_light.lightened(backwards) == light


def test_every_global_that_is_read_is_there(modules):
    for name, module in modules.items():
        for use in module.uses:
            if use.owner is module.top and use.is_load and use.name not in module.top.bound:
                assert hasattr(builtins, use.name) or use.name in ("const", *_met(module)), (name, use.name)


def _met(module):
    """What stands under `if 0` and `if not __name__`: words for the compiler to know, never read."""
    met = [
        one
        for one in module.tree.body[:2]
        if isinstance(one, ast.If) and ast.unparse(one.test) in ("0", "not __name__")
    ]
    return {node.id for one in met for node in ast.walk(one) if isinstance(node, ast.Name)}


def test_what_modules_ask_the_bundles_for_is_there(modules):
    leaves = {name.rpartition(".")[2]: modules[name] for name in BUNDLES}
    asked = 0
    for name, module in modules.items():
        for use in module.uses:
            if use.name in leaves and use.over is not None:
                asked += 1
                assert use.over.attr in leaves[use.name].top.bound, (name, use.name, use.over.attr)
    assert asked > 100


def test_what_is_loaded_later_or_let_go_of_stays_a_module(light):
    wanted = {"bring_up", "configuration", "commissioning", "startup", "bundle_export", "core.meter_change"}
    assert {f"karez_firmware.{one}" for one in wanted} <= light[0].keys()
    assert {"karez_protocols.modbus", "karez_protocols.dlt645", "karez_protocols.cjt188"} <= light[0].keys()
    assert not {"karez_firmware.app", "karez_firmware.core.books", "karez_protocols.record"} & light[0].keys()
    assert not any("szy206" in name for name in light[0])  # the platform's side speaks it


def test_the_table_says_where_every_function_stands(light):
    texts, table = light
    rows = dict(row.split(" ", 1) for row in table.splitlines() if ":" in row.split()[0])
    for name, text in texts.items():
        for node, _ in image_table.definitions(ast.parse(text)):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            assert any(f"{name}:{line}" in rows for line in lines), (name, node.name)
    found = set(rows.values())
    for one in ("core.books Books.take", "app App.turn", "core.pump Pump._close"):
        module, path = one.split()
        wanted = f"karez_firmware.{module} {path}"
        is_there = f"def {path.rpartition('.')[2]}(" in sources()[f"karez_firmware.{module}"]
        assert wanted in found or not is_there


def in_vm(tmp_path, script):
    (tmp_path / "script.py").write_text(script)
    image = firmware_image.build(firmware_image.cache())
    how = Start("script", heap_kb=400, path=(str(tmp_path),))
    done = subprocess.run(
        how.command(image), env={**os.environ, **how.environment()}, cwd=image,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, (image / firmware_image.NAMES).read_text()


@in_place
def test_the_vm_loads_every_module_of_the_image(tmp_path, light):
    names = [name for name in light[0] if name != image_light.MAIN and not name.endswith(".__init__")]
    later = sorted(set(names) - set(BUNDLES))
    said, _ = in_vm(tmp_path, "".join(f"import {name}\n" for name in (*BUNDLES, *later)) + "print('all')\n")
    assert said == "all\n"


def called(light, module, path):
    """Return the bundle, and the call in it, with one argument `x`, of a function of the sources."""
    texts, table = light
    where = next(row.split()[0] for row in table.splitlines() if row.endswith(f" {module} {path}"))
    name, line = where.split(":")
    holds = next(one for one in ast.parse(texts[name]).body if one.lineno <= int(line) <= one.end_lineno)
    if holds.lineno == int(line):
        return name, f"{holds.name}(x)"
    rows = [row.split()[0].split(":") for row in table.splitlines() if row.startswith(f"{name}:")]
    branches = sorted(int(row) for _, row in rows if holds.lineno <= int(row) <= holds.end_lineno)
    pads = ", None" * (len(holds.args.args) - 2)
    return name, f"{holds.name}({branches.index(int(line))}, x{pads})"


def told(decode, slots):
    """Say of each slot what a decoder makes of it."""
    found = []
    for slot in slots:
        try:
            found.append(sorted((name, repr(value)) for name, value in decode(slot).items()))
        except Exception as error:  # noqa: BLE001 - what the sources refuse the image must refuse
            found.append(type(error).__name__ + " " + str(error))
    return str(found)


@in_place
def test_records_say_the_same_to_the_image_as_to_the_sources(tmp_path, light):
    contents = [bytes(126), bytes(range(126)), b"\xff" * 126]
    slots = [bytes([kind, record.VERSION]) + one for kind in range(17) for one in contents] + [b"short"]
    bundle, call = called(light, "karez_protocols.record", "decode")
    script = f"import {bundle} as bundle\nslots = {slots!r}\n{inspect.getsource(told)}"
    said, _ = in_vm(tmp_path, script + f"print(told(lambda x: bundle.{call}, slots))\n")
    assert said.strip() == told(record.decode, slots)
    assert "cause" in said and "Malformed" in said
