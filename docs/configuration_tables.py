"""Write the names and the settings of the controller's configuration into configuration.md.

    python docs/configuration_tables.py            write them
    python docs/configuration_tables.py --check    exit 1 if the page does not say what the code says

Names, defaults and ranges are those of the firmware's own tables; a name without an explanation here, or an
explanation without its name, stops the generator.
"""

# ruff: noqa: SLF001 - the firmware's tables are private: the image makes their names short

import sys
from pathlib import Path

import page_parts

from karez_firmware import configuration, rules
from karez_firmware.core import settings

PAGE = Path(__file__).with_name("configuration.md")

PARTS = (
    ("the document", configuration._TOP),
    ("`link`", configuration._LINK),
    ("each of `meters`, on RS-485", configuration._METER),
    ("each of `meters`, sending pulses", configuration._PULSES),
    ("each of `windows`, by the day of the week", rules._WEEKLY),
    ("each of `windows`, by a round", rules._CYCLE),
    ("`channel`, a table", configuration._TABLE),
    ("`channel`, a weir or a notch", configuration._WEIR),
)
MEANING = {
    "poll_pumping_ms": "time between readings while water may flow; the feedback waits 5 s for one",
    "poll_idle_ms": "time between readings when idle",
    "interval_idle_s": "interval records, idle",
    "interval_pumping_s": "interval records, pumping",
    "checkpoint_pumping_s": "time between signed checkpoints, pumping",
    "checkpoint_idle_s": "the same, idle",
    "restart_delay_s": "rest of the motor between a stop and the next start",
    "contactor_delay_ms": "from the command to the open contact; the controller opens that much early",
    "warn_first_percent": "first warning line, of the right",
    "warn_percent": "second warning line; the third is 100",
    "utc_offset_min": "local time of windows and of hours that an order limits",
    "run_max_s": "longest run; 0: none",
    "offline_l": "litres that may be taken beyond the last acknowledged record; 0: no such limit",
    "quiet_days": "days without acknowledgement before an alarm; they never stop the pump",
    "voltage_dv": "nominal phase voltage, 0.1 V",
    "phase_loss_percent": "a phase below this part of nominal is lost; 0: not watched",
    "voltage_low_percent": "under-voltage; 0: not watched",
    "voltage_high_percent": "over-voltage",
    "voltage_delay_s": "how long before a voltage stops the pump",
    "current_ca": "rated current of the motor, 0.01 A; 0: over-current is not watched",
    "current_percent": "over-current",
    "current_delay_s": "how long before it stops the pump",
    "dry_percent": "of rated power: a running pump below it runs dry; 0: not watched",
    "dry_delay_s": "how long before it stops the pump",
    "lockout_s": "no start after a protection has stopped the pump; doubles with each further trip",
    "lockout_trips": "so many trips within a day lock the pump until a technician frees it",
    "no_water_stop_s": "power without water stops the pump after this; 0: it never does",
    "artesian": "1: water without power is no alarm here",
    "resume_min_s": "a drinking-water well restarts by itself this long after the mains return, at least",
    "resume_max_s": "the same, at most: a village must not come back in one moment",
}


def names() -> list[str]:
    """The names of each part."""
    rows = [f"| {part} | {', '.join(f'`{name}`' for name in text.split())} |" for part, text in PARTS]
    return ["| Part | Names |", "|---|---|", *rows]


def setting_rows() -> list[str]:
    """Every setting with its default and range."""
    table = [line.split() for line in settings._TABLE.strip().split("\n")]
    odd = {row[0] for row in table} ^ set(MEANING)
    if odd:
        raise SystemExit(f"docs/configuration_tables.py does not explain exactly {sorted(odd)}")
    rows = [
        f"| `{name}` | {default} | {least}…{most} | {MEANING[name]} |" for name, default, least, most in table
    ]
    return ["| Setting | Default | Range | What it means |", "|---|---|---|---|", *rows]


TABLES = {"names": names, "settings": setting_rows}


if __name__ == "__main__":
    sys.exit(page_parts.main(PAGE, Path(__file__).name, TABLES, sys.argv[1:]))
