"""How long `karez regulator grant` takes for a prefecture: a request of 6,954 wells, checked and signed.

Each well brings its evidence for now, of some thirty records, and for the year's start. Measured is all but
the disk: from the request's bytes to the signed grants. Beside it, in the same run: the signatures alone that
must be checked and made. It is processor time of one thread, for a machine may be busy with others; what the
clock showed is printed, too.
"""

import sys
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from entry import entry
from karez_gateway.regulator import draft, request, signed_grants

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from regulator_desk import NOW_S, TO_UTC_S, YEAR, Well, asked, folder, judge
from synthetic import REGULATOR, public

NAMES = ("regulator_request_s",)
WELLS, QUICK_WELLS = 6_954, 40
VILLAGES = 200
INTERVALS = 24  # six hours without an irrigation, from one checkpoint to the next
SIGNATURES = 3  # to be checked a well: binding, two checkpoints; one is made


def well(number):
    one = Well(f"w{number:05d}")
    one.box.utc_s = NOW_S - 7_000
    for _ in range(INTERVALS):
        one.read(0, 60)
    one.box.checkpoint()
    last = one.box.seq
    return one.wish(100_000, newest=one.proof(last - INTERVALS - 4), year_start=one.proof(1, 7))


def limits_of(path, wells):
    codes = [f"v{number:03d}" for number in range(VILLAGES)]
    regions = "region,name,parent\nall,all,\n" + "".join(f"{code},{code},all\n" for code in codes)
    limits = "region,year,class,source,volume_m3\n"
    limits += "".join(f"{code},{YEAR},farming,ground,100000\n" for code in ("all", *codes)).replace(
        f"all,{YEAR},farming,ground,100000", f"all,{YEAR},farming,ground,{wells * 100}"
    )
    sites = "site,region,class,source\n"
    sites += "".join(f"w{n:05d},{codes[n % VILLAGES]},farming,ground\n" for n in range(wells))
    return folder(path, regions=regions, limits=limits, sites=sites)


def bare(wells):
    """Signatures alone."""
    key, message = Ed25519PublicKey.from_public_bytes(public(REGULATOR)), bytes(300)
    signature = REGULATOR.sign(message)
    began_s = time.process_time()
    for _ in range(wells):
        for _ in range(SIGNATURES):
            key.verify(signature, message)
        REGULATOR.sign(message)
    return time.process_time() - began_s


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    wells = QUICK_WELLS if quick else WELLS
    wishes = [well(number) for number in range(wells)]
    head = {"gateway": "test", "year": YEAR, "made_utc_s": NOW_S, "document": "W-2027-3"}
    data = request.encode(head | {"from_utc_s": asked().from_utc_s, "to_utc_s": TO_UTC_S}, wishes)
    with tempfile.TemporaryDirectory() as path:
        office = limits_of(Path(path), wells)
        started_s, began_s = time.monotonic(), time.process_time()
        found = request.decode(data, "north.request")
        read_s = time.process_time()
        plan = draft.make(judge(office), [found], "")
        judged_s = time.process_time()
        grants = draft.sign(plan, REGULATOR, NOW_S)
        numbered = [(one.site, one.seq, each) for one, each in zip(plan.planned, grants, strict=True)]
        size = len(signed_grants.encode(YEAR, plan.document, numbered))
        ended_s, elapsed_s = time.process_time(), time.monotonic() - started_s
    say(
        f"  {wells:,} wells in {len(data) / 1e6:.1f} MB: read {read_s - began_s:.1f} s, "
        f"judged {judged_s - read_s:.1f} s, signed {ended_s - judged_s:.1f} s into {size / 1e6:.1f} MB; "
        f"{elapsed_s:.1f} s by the clock"
    )
    spent_s = round(ended_s - began_s, 4)
    return [entry(NAMES[0], spent_s, "s", "signatures alone", round(bare(wells), 4), at_most=60.0)]
