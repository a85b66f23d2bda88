"""A prefecture on one gateway: what it costs while 6,954 sites report each minute, how a backlog drains.

All of it is `karez bench fleet`, run as a user runs it, with its own check that nothing was lost and every
acknowledgement was true; a run that does not hold is an error here. The gateway is a process of its own,
the broker beside it ends the controllers' TLS (design §13).

Cost: the gateway's processor time over the minutes measured, as a share of one core, and its resident
memory at most. Processor time is what it is on a machine that others use too; latency is not.

Backlog: 200 sites with 30 days of records, one a minute, come back at once, each over an uplink of 64
kbit/s; all others report each minute meanwhile. The time until the last of the month is acknowledged, and
how late live records came to the gateway (99.9 per cent of them).

`--quick` plays one small fleet with two hours of backlog for all figures; nothing is scaled up from it.
The generator alone is `fleet_generator_records_per_s`: records packed, chained, and signed at a
controller's cadence.
"""

import json
import subprocess
import sys
import time

from entry import entry
from karez_simulators.fleet import roster
from karez_simulators.fleet.journal import Journal
from karez_simulators.fleet.records import Scribe
from karez_simulators.fleet.well_life import WellLife

NAMES = (
    "fleet_generator_records_per_s",
    "gateway_county_core_share",
    "gateway_county_rss_mb",
    "backlog_200x30d_s",
    "backlog_live_late_s",
)
UTC_S = 1_790_000_000
DAYS, QUICK_DAYS = 30, 2
STEADY = ("--sites", "6954", "--interval", "60", "--minutes", "10")
BACKLOG = (*STEADY, "--shape", "backlog")
QUICK = (
    "--sites", "30", "--interval", "1", "--minutes", "0.05", "--shape", "backlog",
    "--backlog-sites", "4", "--backlog-days", "0.1", "--uplink", "0",
)  # fmt: skip


def generated(days):
    """Records a second of one box's life: processor time of this process."""
    journal = Journal(lambda before, now: None)
    scribe = Scribe("0123456789abcdef", roster.key_of("benchmark"), b"binding", journal.keep)
    life = WellLife(scribe, intake=False, checkpoint_phase_s=0)
    life.boot(UTC_S)
    began_s = time.process_time()
    life.live_through(days * 1440, UTC_S + days * 86_400, phase=0)
    return scribe.seq / (time.process_time() - began_s)


def played(words, say):
    """The report of a run."""
    command = [sys.executable, "-m", "karez_gateway", "bench", "fleet", "--json", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line.strip())
            say(f"  {line.strip()}")
        out = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"the fleet did not hold: {lines[-1:]} {out[-2000:]}")
    return json.loads(out)


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    rate = round(generated(QUICK_DAYS if quick else DAYS))
    found = [entry(NAMES[0], rate, "records/s of processor time", at_least=25_000)]
    steady = played(QUICK if quick else STEADY, say)
    plan, cost = steady["plan"], steady["cost"]["gateway"]
    where = f"{plan['sites']} sites each {plan['interval_s']} s, {steady['broker']}"
    found += [
        entry(NAMES[1], cost["core_share"], f"of one core; {where}", at_most=0.25),
        entry(NAMES[2], cost["rss_mb"], f"MB; {where}", at_most=400),
    ]
    drained = steady if quick else played(BACKLOG, say)
    backlog, late = drained["backlog"], drained["live_late_s"]
    what = f"{backlog['records']:,} records of {backlog['sites']} sites"
    found += [
        entry(NAMES[3], backlog["drained_s"], f"s; {what}", at_most=3600),
        entry(NAMES[4], late["p99_9"], f"s, 99.9 % of live records; greatest {late['max']}", at_most=10),
    ]
    return found
