"""Write the console's verbs, causes of refusal and example answers into console.md.

    python docs/console_verbs.py            write them
    python docs/console_verbs.py --check    exit 1 if the page does not say what the code says

The verbs come from the console's own table. The answers are those of a controller in memory, the one
that tests/firmware/test_console_session.py asks; a word of an error without an explanation here
stops the generator.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "firmware")]

import page_parts  # noqa: E402

import terminal  # noqa: E402 - of tests/firmware, which the line above makes known
import wellhouse  # noqa: E402
from karez_firmware.console import bare, verbs  # noqa: E402
from karez_protocols import console  # noqa: E402

PAGE = Path(__file__).with_name("console.md")
CONSOLE = ROOT / "firmware" / "karez_firmware" / "console"

ERRORS = {
    "bare": "this box has no site yet: only what its own table lists can be asked",
    "busy": "other signatures are being checked; ask again",
    "cancelled": "Ctrl-C came while the answer was under way",
    "expired": "the challenge is older than two minutes, or was answered already",
    "failed": "something broke; what was asked may or may not have been done, so look first",
    "garbled": "the check does not fit the line; nothing was done, send it again",
    "incomplete": "the document that came is not the one that `put` announced",
    "locked": "too many wrong proofs in a row, or another list within a minute; `text` says how long",
    "malformed": "the line, or the object in it, has not the shape it must have",
    "nothing": "there is nothing to give yet",
    "refused": "understood, and not allowed now; `text` says why",
    "role": "only a technician may",
    "store": "a memory does not take the record, so nothing was done",
    "unknown": "no such verb",
    "usage": "arguments are missing or out of range",
}
TYPED = ("identify", "status 7", "live", "events 3", "grant", "raw water", "swap water A 1 B 2")
ASKED = (("json",), ("accounts",), ("events", "1"))


def table() -> list[str]:
    """The verbs, as they stand in the console's own table."""
    out = ["| Verb | Arguments | Role | What it does |", "|---|---|---|---|"]
    for row in verbs.rows():
        name, role, arguments, text = row.split("|")
        said = f"`{arguments}`" if arguments else ""
        out.append(f"| `{name}` | {said} | {'technician' if role == 't' else 'reader'} | {text} |")
    return out


def bare_table() -> list[str]:
    """The verbs of a box without a site."""
    out = ["| Verb | Arguments | What it does |", "|---|---|---|"]
    for row in bare.rows():
        name, _, arguments, text = row.split("|")
        out.append(f"| `{name}` | {f'`{arguments}`' if arguments else ''} | {text} |")
    return out


def errors() -> list[str]:
    """The words of errors that the console's sources say, each explained."""
    found = set()
    for path in CONSOLE.glob("*.py"):
        found |= set(re.findall(r'Refused\(\s*b"([a-z]+):', path.read_text(encoding="utf-8")))
    if found != set(ERRORS):
        raise SystemExit(f"docs/console_verbs.py does not explain exactly {sorted(found ^ set(ERRORS))}")
    return ["| Word | Meaning |", "|---|---|", *(f"| `{word}` | {ERRORS[word]} |" for word in sorted(ERRORS))]


def pumping() -> wellhouse.House:
    """A controller whose pump has run for a while."""
    house = wellhouse.ready(ceiling=50_000)
    house.press()
    house.run(60)
    return house


def typed() -> list[str]:
    """What a terminal shows."""
    tool = terminal.Tool(pumping(), is_json=False)
    shown = tool.type(b"\r")
    for line in TYPED:
        shown += tool.type(line.encode() + b"\r", 5)
    return ["```text", *shown.replace("\r\n", "\n").strip().split("\n"), "```"]


def asked() -> list[str]:
    """What goes over the line when a program asks."""
    tool = terminal.Tool(pumping(), is_json=False)
    out = ["```text"]
    for number, words in enumerate(ASKED, 17):
        request = console.request(list(words), number)
        out.append("> " + request.decode().rstrip())
        shown = tool.type(request, 5)
        out += ["< " + line for line in shown.replace("\r\n", "\n").split("\n") if line.startswith("{")]
    return [*out, "```"]


PARTS = {"verbs": table, "bare": bare_table, "errors": errors, "terminal": typed, "program": asked}


if __name__ == "__main__":
    sys.exit(page_parts.main(PAGE, Path(__file__).name, PARTS, sys.argv[1:]))
