"""The documents tell the truth: paths, functions, tests, constants, figures and commands they name exist."""

import ast
import functools
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocols/karez_protocols", "firmware/karez_firmware", "gateway/karez_gateway")
PACKAGES += ("simulators/karez_simulators", "hardware/karez_hardware")
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
    *sorted((ROOT / "docs" / "wire").glob("*.md")),
    *sorted(ROOT.glob("*/README.md")),
    *sorted(page for page in ROOT.glob("hardware/**/*.md") if page != ROOT / "hardware" / "README.md"),
]

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
# Files of a repository; a bare name needs the ending of a source or a page.
PATH = re.compile(r"\.?[\w.*<>-]+(/[\w.*<>-]+)+/?|[\w-]+\.(py|md)|[\w-]+/")
CALL = re.compile(r"([A-Za-z_][\w.]*)\(\)")
TIMED = re.compile(r"([\d.]+) (ms|s|min) \(`(\w+)\.([A-Z_]+)`\)")
FOREIGN = {"gc.threshold", "connect"}  # of the runtimes
# MQTT topics, what a run makes, and names inside the transparency log.
NOT_OURS = ("karez/1/", "build/", "tile/", ".venv/", "x001/", "cosignature/", "cosigned/")


def text_of(page):
    return COMMENT.sub("", page.read_text(encoding="utf-8"))


def prose(page):
    """The text without its fenced blocks."""
    return FENCE.sub("", text_of(page))


def paths_in(page):
    for code in CODE.findall(prose(page)):
        path = code.partition("::")[0]
        if PATH.fullmatch(path) and not path.startswith(NOT_OURS):
            yield path
    for target in LINK.findall(text_of(page)):
        if "://" not in target:
            yield target


def exists(path, page):
    """True from the root, beside the page, in a package; `*` and `<name>` stand for anything there is."""
    pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
    bases = (ROOT, page.parent, *(ROOT / package for package in PACKAGES))
    return any(any(base.glob(pattern)) for base in bases)


@functools.cache
def definitions():
    """Every function and class by its name, `module.name` and `Class.method`."""
    found = set()
    for folder in ("protocols", "firmware", "gateway", "simulators", "hardware", "docs", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                    found.add(node.name)
                    found.add(f"{path.stem}.{node.name}")
                if isinstance(node, ast.ClassDef):
                    inside = (ast.FunctionDef, ast.AsyncFunctionDef)
                    found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, inside)}
    return found


def commands_in(page):
    """Every `karez …` line of fenced blocks and in the text, up to a pipe or comment."""
    blocks = "\n".join(FENCE.findall(text_of(page))).replace("\\\n", " ").split("\n")
    for line in [*blocks, *CODE.findall(prose(page))]:
        command = re.split(r"\s#|\s\||\s&&|\s>", line.strip().removeprefix("$ ").removeprefix(".venv/bin/"))[
            0
        ]
        if command.startswith("karez ") and not command.startswith("karez …"):
            yield [word for word in shlex.split(command)[1:] if word != "…"]


def parse(words):
    """Parse one command line as `karez` would, without running it. Raises what the parser raises."""
    from karez_gateway.__main__ import _found, app

    points = _found()
    command = typer.main.get_command(app)
    if not words[0].startswith("-"):
        if words[0] not in points:
            raise LookupError(f"there is no karez {words[0]}")
        command, words = typer.main.get_command(points[words[0]].load()), words[1:]
    while words and hasattr(command, "commands"):
        if words[0] == "--help":
            return
        if words[0] not in command.commands:
            raise LookupError(f"there is no {words[0]} in {command.name}")
        command, words = command.commands[words[0]], words[1:]
    if words and words != ["--help"] and not hasattr(command, "commands"):
        command.make_context(command.name, list(words))


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def test_there_are_pages_to_check():
    names = [name_of(page) for page in PAGES]
    assert {"README.md", "README.zh-CN.md", "docs/architecture.md", "docs/safety.md"} <= set(names)
    assert len([name for name in names if name.startswith("docs/decisions/")]) >= 8


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_it_names_exists(page):
    missing = [path for path in paths_in(page) if not exists(path, page)]
    assert not missing, missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_function_it_names_exists(page):
    known = definitions()
    named = [match for code in CODE.findall(prose(page)) for match in CALL.findall(code)]
    missing = [name for name in named if name not in known and name not in FOREIGN]
    assert not missing, missing


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_test_it_names_exists(page):
    for code in CODE.findall(prose(page)):
        path, parted, name = code.partition("::")
        if parted:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), code


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_it_quotes_parses(page):
    for words in commands_in(page):
        try:
            parse(words)
        except Exception as error:  # noqa: BLE001 - whatever the parser says is the finding
            pytest.fail(f"karez {' '.join(words)}: {type(error).__name__}: {error}")


def test_every_time_with_a_constant_is_the_codes():
    found = [time for page in PAGES for time in TIMED.findall(text_of(page))]
    assert len(found) >= 10
    for figure, unit, module, constant in found:
        home = importlib.import_module(f"karez_firmware.{module if module == 'app' else 'core.' + module}")
        value_ms = vars(home).get(constant) or vars(home)["_" + constant]  # private where const() folds it
        assert float(figure) * {"ms": 1, "s": 1000, "min": 60_000}[unit] == value_ms, (module, constant)


def test_the_pump_table_in_the_safety_page_is_the_code_s():
    done = subprocess.run(
        [sys.executable, "docs/safety_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def headings(page):
    return [len(line) - len(line.lstrip("#")) for line in prose(page).split("\n") if re.match(r"#+ ", line)]


def shell_lines(page):
    """Lines of the fenced blocks without their comments: the same in every language."""
    return [
        line.partition(" #")[0].rstrip()
        for block in FENCE.findall(text_of(page))
        for line in block.split("\n")
        if re.match(r"(make|git|karez|\.venv/bin/\w+|export|apt-get) ", line)
    ]


def test_the_readme_says_the_same_in_english_and_chinese():
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert headings(english) == headings(chinese)
    assert len(shell_lines(english)) >= 6 and shell_lines(english) == shell_lines(chinese)
    assert sorted(set(paths_in(english)) - {"README.zh-CN.md"}) == sorted(
        set(paths_in(chinese)) - {"README.md"}
    )


def planted(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    return page


def test_a_wrong_path_function_or_command_would_be_seen(tmp_path):
    page = planted(tmp_path, "See `core/bokes.py`, [this](nowhere.md) and `core/books.py`.")
    assert [path for path in paths_in(page) if not exists(path, page)] == ["core/bokes.py", "nowhere.md"]
    known = definitions()
    assert "Books.read_water" in known and "Books.read_wine" not in known
    page = planted(
        tmp_path, "`karez verify X --trust Y`\n\n```sh\n$ karez gateway status --dta D  # no\n```\n"
    )
    good, bad = sorted(commands_in(page), reverse=True)
    parse(good)
    for wrong in (bad, ["nobody"], ["gateway", "stat"], ["verify", "A", "B"]):
        with pytest.raises(Exception, match=r"No such option|there is no|unexpected"):
            parse(wrong)
