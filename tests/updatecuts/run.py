"""`make update-cuts`: an update cut at every write of its memories, over cable and MQTT.

A small image is cut in every mode at each write; the largest that a board takes in one mode at each, which
take turns. Before them the flash fails at each write, without a cut: fails=… wrong=0.
The last line is the sum: cuts=… bricked=0 uncounted_l=0; the exit code is 1 if either is another.
"""

import argparse
import multiprocessing
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "firmware")]

from updatecuts.play import CARRIERS, Cuts, fail, full, play  # noqa: E402 - the paths come first

IMAGES = ("small", "full")
SHOWN = 5  # failures in full


def share(work):
    """Play one carrier with one image and take every n-th of its writes; return what came of it."""
    carrier, size, every, first = work
    cuts = Cuts(every, first, update=full(), is_each=True) if size == "full" else Cuts(every, first)
    play(carrier, cuts)
    return f"{carrier}, {size} image", cuts.writes, cuts.cuts, cuts.bricked, cuts.uncounted_l, cuts.failures


def failing(work):
    """Play an update on a flash that fails at one write, or from it on; return what was wrong, or None."""
    first, count = work
    try:
        litres = fail(first, count)[1]
    except Exception as error:  # noqa: BLE001 - told with its place, and counted
        return f"flash fails {count} times from write {first}: {type(error).__name__} {error}"
    return f"flash fails from write {first}: {litres} L not counted" if litres else None


def fail_all(pool, every):
    """Let each write of the flash fail, alone and with all behind it; return the exit code."""
    works = [(first, count) for first in range(0, fail(0, 0)[0], every) for count in (1, 600)]
    said = [one for one in pool.imap_unordered(failing, works) if one]
    for one in said[:SHOWN]:
        print(f"  {one}")
    print(f"fails={len(works)} wrong={len(said)}")
    return 1 if said or not works else 0


def total(shares):
    """Print what the shares found; return the exit code."""
    cuts = bricked = uncounted_l = 0
    failures = []
    for carrier, writes, some, bad, litres, said in shares:
        cuts, bricked, uncounted_l = cuts + some, bricked + bad, uncounted_l + litres
        failures += [f"{carrier}: {one}" for one in said]
        print(f"  {carrier}: {writes} writes, {some} cuts of them", flush=True)
    for one in failures[:SHOWN]:
        print(f"  {one}")
    if len(failures) > SHOWN:
        print(f"  and {len(failures) - SHOWN} more")
    print(f"cuts={cuts} bricked={bricked} uncounted_l={uncounted_l}")
    return 1 if bricked or uncounted_l or failures or not cuts else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--every", type=int, default=1, help="of so many writes one is cut")
    parser.add_argument("--carrier", choices=CARRIERS, action="append", help="only this one")
    parser.add_argument("--image", choices=IMAGES, action="append", help="only this one")
    options = parser.parse_args()
    if options.every < 1 or options.jobs < 1:
        parser.error("--every and --jobs are numbers from 1")
    parts = max(options.every, options.jobs)
    firsts = range(options.jobs) if options.every == 1 else range(1)
    works = [
        (carrier, size, parts, first)
        for size in options.image or IMAGES
        for carrier in options.carrier or CARRIERS
        for first in firsts
    ]
    began_s = time.monotonic()
    with multiprocessing.Pool(options.jobs) as pool:
        code = fail_all(pool, options.every)
        code = total(pool.imap_unordered(share, works)) or code
    print(f"  {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
