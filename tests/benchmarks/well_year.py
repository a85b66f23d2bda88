"""How long `karez verify` takes for the records of one well and one year: 35,040, all in one bundle.

A signed checkpoint every six hours, a grant, a log section; the verifier's pure part, from the file's
bytes to its report. Beside it, in the same run: what cannot be left out, the SHA-256 of each record over
the chain value before it, with nothing else done.
"""

import hashlib
import sys
import time
from pathlib import Path

from entry import entry
from karez_gateway.verifier import bundle_check
from karez_gateway.verifier.parts import take_apart
from karez_protocols.record import CONTENT_SIZE

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

import bundles

NAMES = ("verify_well_year_s",)
RECORDS, QUICK_RECORDS = 35_040, 2_000
TIMES, QUICK_TIMES = 7, 1


def year(records):
    """A year at 15 minutes, signed every six hours and at each stop."""
    well = bundles.Well()
    well.boot()
    well.take_grant(bundles.grant_object(1, ceiling=10**9))
    while well.seq < records - 2:
        if well.seq % 24 == 0:
            well.checkpoint()
        elif well.seq % 300 == 1:
            well.start(ceiling_l=10**9)
            well.interval(3000)
            well.stop(200, ceiling_l=10**9)
        else:
            well.interval(0, seconds=900)
    well.checkpoint()
    return well.bundle()


def hashed(h, slots):
    for slot in slots:
        h = hashlib.sha256(b"KZ1" + h + slot[:CONTENT_SIZE]).digest()
    return h


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    data = bytes(year(QUICK_RECORDS if quick else RECORDS))
    parts, _ = take_apart(data)
    ours, bare = [], []
    for _ in range(QUICK_TIMES if quick else TIMES):
        began_s = time.perf_counter()
        report = bundle_check.check(data, bundles.TRUST)
        middle_s = time.perf_counter()
        h = hashed(parts.h_before, parts.slots)
        bare.append(time.perf_counter() - middle_s)
        ours.append(middle_s - began_s)
        if not report.is_proved or h[:16] != parts.slots[-1][CONTENT_SIZE:]:
            raise RuntimeError("the year is not proved: what was measured means nothing")
    say(f"  {len(parts.slots):,} records in {len(data) / 1e6:.1f} MB, {report.verdict}")
    best = min(ours), min(bare)  # what slows a run is not the verifier
    return [entry(NAMES[0], round(best[0], 3), "s", "hashing alone", round(best[1], 4), at_most=2.0)]
