"""Guided visits on the bench: real controllers in the real VM, the tool as its own process, a person's hands.

The person answers what only the well can tell, and presses the buttons; the rest stands in a file of answers,
as a technician may bring it from the office.
"""

import asyncio
import contextlib
import json
import os
import sys

from karez_gateway.technician import keys
from karez_simulators.desk import Plan
from system.bare_bench import bench, office, write
from system.tool_cable import PASSPHRASE, TOOL, run

NUMBER = 12
METERS = {"power": "dtsu666@2"}  # counts by 1 Wh: one of 10 Wh would need a step test of seven minutes
CEILING_L = 500_000
WRONG_ADDRESS = 9  # of the water meter, in the office's file: the scan finds the right one
ANOTHER_METER = "xintai@5"  # another maker's, at another address
PULSE_METER = "em1010@6"  # what its dial is made of; the controller counts a pulse every PULSE_L
PULSE_L = 10
UNSTEADY = ("visit-test-none", "visit-test-unsteady")
STEP_TEST_S = 90  # at speed 1; see commissioned_bench
STEP_TESTS_MAX = 3
SETTLED_S = 200  # three times what the bench's well takes to find its level
POWER_FACTOR_PERMILLE = 850

ANSWERS = """
[site]
name_zh = "示范一号井"
name_en = "Demonstration well 1"
county = "Demonstration county"
village = "East village"
permit = "D410105-0001"
right_holder = "East village committee"
source = "groundwater"

[meter-water]
maker = "TUF"
model = "TUF-2000M"
serial = "{water}"

[meter-energy]
maker = "Chint"
model = "DTSU666"
serial = "{energy}"

[scan-water]
line = 0
first = "1"
last = "6"

[scan-energy]
line = 0
first = "1"
last = "6"

[contactor]
feedback = "both"

[class]
use = "irrigation"
fail = "stopped"

[seals]
seals = [{{number = "A-0001", place = "flange", meter = "water"}}, {{number = "A-0002", place = "door"}}]

[photos]
photos = [{{file = "{photo}", shows = "the well head: all water passes the meter"}}]

[remarks]
remarks = []
"""
# A meter swap and a box swap answer fewer steps.
SHARED = ("site", "scan-water", "class", "photos", "remarks")


class Person:
    """Hands and eyes at the well."""

    def __init__(self, desk, folder, step_test_s):
        self.desk, self.folder = desk, folder
        self._step_test_s = step_test_s
        self.next_meter, self.swapped = ANOTHER_METER, None

    async def wait(self, name):
        """Before a step test the person lets level and flow stand still."""
        if name == "step-test.skip":
            await self.desk.clock.sleep_ms(SETTLED_S * 1000)

    def answer(self, name):
        """What is typed for a question."""
        step, _, question = name.partition(".")
        meter = "power" if step.endswith("energy") else "water"
        if question == "skip":
            return ""
        if question == "dial":
            return str(self.desk.site.dial(meter))
        if question == "dial_step":
            return str(PULSE_L if self.next_meter == PULSE_METER else self.desk.site.step(meter))
        if question == "current_ma":
            return str(self._current_ma())
        if question == "power_factor_permille":
            return str(POWER_FACTOR_PERMILLE)
        if question == "seconds":
            return str(self._step_test_s)
        if question == "grant":
            return str(self._grant())
        if step == "new-meter":
            return self._new_meter(question)
        return self._old_meter(question)

    def _current_ma(self):
        """A clamp meter's figure for the power that the motor takes at this moment, at 380 V."""
        power_w = self.desk.site.settle().power_w
        return round(power_w * 1_000_000 / (3**0.5 * 220 * 3**0.5 * POWER_FACTOR_PERMILLE))

    def _grant(self):
        self.desk.grant_seq += 1
        return write(
            self.folder / "grant.bin",
            self.desk.regulator.grant(self.desk.right(CEILING_L, self.desk.grant_seq)),
        )

    def _old_meter(self, question):
        site = self.desk.site
        said = {"quantity": "water", "serial": site.serial("water"), "because": "the display is dark"}
        if self.swapped is not None:  # it hangs there already
            said["serial"] = self.swapped.old_serial
            return str(self.swapped.closing) if question == "closing" else said.get(question, "")
        return str(site.dial("water")) if question == "closing" else said.get(question, "")

    def _new_meter(self, question):
        if self.swapped is None:
            self.put_on()
        opening = 0 if self.next_meter == PULSE_METER else self.swapped.opening
        return {"serial": self.swapped.new_serial, "opening": str(opening)}.get(question, "")

    def put_on(self):
        """Take the water meter off, and put the next one on."""
        self.swapped = self.desk.site.put_on("water", self.next_meter)

    def act(self, name):
        """What the tool asks a person to do."""
        if name == "start":
            self.desk.press("start")
        elif name == "stop":
            self.desk.press("stop")


@contextlib.asynccontextmanager
async def commissioned_bench(folder, speed=1, step_test_s=STEP_TEST_S):
    """(desk, line, person, options of provision): a bare box, and the offices' files.

    The thirds of a step test may differ by 3 %: where time is fast and the meters are read less evenly, a
    second between the two readings must be less of a third.
    """
    async with bench(folder, Plan(meters=METERS)) as (desk, line):
        desk.clock.speed = speed
        key = folder / "li.pem"
        public = keys.make(key, PASSPHRASE)
        words = office(desk, folder, public)
        site = folder / "site.json"
        wrong = json.loads(site.read_text())
        wrong["meters"][0]["address"] = WRONG_ADDRESS
        site.write_text(json.dumps(wrong))
        yield desk, line, Person(desk, folder, step_test_s), words


def answers(desk, folder, *only, add=""):
    """Write a file of answers; `only`: these tables of it, and what is added."""
    photo = write(folder / "well-head.jpg", b"a photo of the well head")
    text = ANSWERS.format(water=desk.site.serial("water"), energy=desk.site.serial("power"), photo=photo)
    tables = [one for one in text.split("\n\n") if not only or one.strip("\n[").partition("]")[0] in only]
    return write(
        folder / f"answers-{len(list(folder.glob('answers-*')))}.toml", ("\n\n".join(tables) + add).encode()
    )


async def visit(cable, person, verb, work, *words, code=0):
    """Run a guided verb to its end; return its last line, and the questions and calls that came before.

    `code`: with which it must end; None: the caller looks himself.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TOOL, verb, str(work),
        "--key", str(person.folder / "li.pem"), "--number", str(NUMBER),
        *[str(word) for word in words], "--port", cable.path, "--json",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "KAREZ_KEY_PASSPHRASE": PASSPHRASE, "LANG": "C"},
    )  # fmt: skip
    said, text = [], ""
    while line := await process.stdout.readline():
        try:
            found = json.loads(line)
        except ValueError:
            text += line.decode()
            continue
        said.append(found)
        if "ask" in found:
            await person.wait(found["ask"])
            process.stdin.write(person.answer(found["ask"]).encode() + b"\n")
            await process.stdin.drain()
        elif "do" in found:
            person.act(found["do"])
    errors = (await process.stderr.read()).decode()
    assert await process.wait() == code or code is None, (said[-3:], text, errors)
    return (json.loads(text) if text else said[-1]), said


async def provision(desk, cable, person, words):
    """Give the bare box its site."""
    await run(cable, "provision", *words)
    person.name = desk.identity.name


async def commission(desk, cable, person, folder, *more):
    """Lead a box through the guide; return the tool's last line, and all before it."""
    words = ("commission", folder / "well.visit", "--answers", answers(desk, folder))
    said: list = []
    for _ in range(STEP_TESTS_MAX):
        found, lines = await visit(cable, person, *words, *more, code=None)
        said += lines
        if found.get("error") not in UNSTEADY:
            break
        more = ("--resume",)  # as the tool says: a well that was not steady is given more time
    assert found.get("result") == "skipped", found  # only the check of pulses: no meter has them
    return found, said


async def at_the_gateway(desk, folder, name, work):
    """What the gateway says to a visit's file, the box and the technicians known to it; it must take it."""
    await desk.gateway.verb("import", str(folder / "provisioned" / name / "registry.csv"))
    await desk.gateway.verb("technicians", str(folder / "county.technicians"))
    found = await desk.gateway.verb(
        "import-commissioning", str(folder / f"{work}.commissioning.json"), "--json"
    )
    return json.loads(found.out)


def files(found):
    """Names of what a visit has written."""
    return [one["file"].rpartition("/")[2] for one in found["files"]]
