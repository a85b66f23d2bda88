"""`make budget`: what the controller's firmware weighs, compiled and at work, against design §13.

The whole controller plays a pump session (session.py) in the real VM. Judged is the image run in
place, as a board runs it from its flash (docs/decisions/0018). The same from .mpy files that are copied to
the heap is told beside it, and not judged. TLS lies outside the heap that is measured: the unix
port gives mbedTLS memory of its own.

Exit code 1 when a limit is passed, or when the session does not pass in the heap it is given.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import session
from karez_simulators import firmware_image, image_light, vm_start
from karez_simulators.play import EXPECTED
from karez_simulators.vm_start import Start

# Design §13, in units of 1,000 bytes; the VM's own heapsize=160k is in units of 1,024.
LIVE_KB_MAX = 120
CORE_KB_MAX = 84
WIDE_KB = 400  # to tell by how much it is too large, when it is
SETS = {
    "Modbus meters": {},
    "CJ/T 188 and DL/T 645": {"water": "cjt188@00000805000001", "power": "dlt645-2007@123456789012"},
}


def say(text=""):
    print(text, flush=True)


def kb(size):
    return f"{size / 1000:.1f}"


def played(meters, heap_kb, is_in_place):
    """Return the Heap of one session, or the reason why there is none."""
    with tempfile.TemporaryDirectory(prefix="karez-budget-") as folder:
        try:
            return asyncio.run(session.run(Path(folder), meters, heap_kb, is_in_place)), ""
        except EXPECTED as error:
            return None, str(error)


def tell(title, heap, note):
    say(
        f"  {title:36}{kb(heap.live):>8}{kb(heap.last):>9}{kb(heap.highest):>11}"
        f"{kb(heap.largest_free):>9}{heap.names:>8}  {note}"
    )


def sessions():
    """Play the judged sessions; return their heaps, and whether all passed in the heap they were given."""
    heaps, passed = [], True
    say(f"\n  pump session, kB{'live':>28}{'at end':>9}{'in use':>11}{'free':>9}{'names':>8}")
    for name, meters in SETS.items():
        note = f"heapsize={vm_start.BUDGET_KB}k"
        heap, why = played(meters, vm_start.BUDGET_KB, is_in_place=True)
        if heap is None:
            passed = False
            say(f"  in place: {name}: DOES NOT PASS under {note}: {why}")
            note = f"heapsize={WIDE_KB}k"
            heap, why = played(meters, WIDE_KB, is_in_place=True)
        if heap is None:
            say(f"  in place: {name}: does not pass under {note} either: {why}")
            continue
        tell(f"in place: {name}", heap, note)
        heaps.append(heap)
    return heaps, passed and len(heaps) == len(SETS)


def copied():
    """Tell what the same controller takes from .mpy files, copied to the heap."""
    name = next(iter(SETS))
    heap, why = played(SETS[name], WIDE_KB, is_in_place=False)
    if heap is None:
        say(f"  copied, not judged: {why}")
    else:
        tell(f"copied to the heap: {name}", heap, f"heapsize={WIDE_KB}k, not judged")


def image(layout=image_light.BOARD):
    return firmware_image.build(firmware_image.cache(), layout=layout)


def cost(layout, names):
    """Return [(module, bytes)] of importing these modules in a fresh VM, in this order."""
    built = image(layout)
    how = Start("import_cost", heap_kb=WIDE_KB, path=(session.BESIDE,))
    done = subprocess.run(
        how.command(built, *names), env={**os.environ, **how.environment()}, cwd=built,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("cost ")]
    return [(name, int(size)) for _, name, size in rows]


def core_heap(heaps):
    """Return the heap of protocols, core and drivers as the sessions loaded them, imported alone.

    The controller's two bundles hold them among the rest; the same build puts them into one of their
    own, which imports nothing else.
    """
    loaded = {name for heap in heaps for name in heap.modules if name.startswith("karez_")}
    later = sorted(name for name in loaded if image_light.is_core(name) and "." in name)
    rows = cost(image_light.CORE_APART, [image_light.CORE, *later])
    rest = sorted(loaded - {*later, image_light.MAIN})
    total = sum(size for _, size in rows)
    others = sum(size for _, size in cost(image_light.CORE_APART, [image_light.CORE, *later, *rest])) - total
    say(f"\n  imported alone: protocols, core and drivers {kb(total)} kB of heap (<= {CORE_KB_MAX}),")
    say(f"  the rest of the firmware {kb(others)} kB")
    return total


def tell_modules():
    """Tell what each module costs that is no bundle's member: what it weighs among the others."""
    names = sorted(
        firmware_image.module_name(path.relative_to(image(image_light.LOOSE)))
        for path in image(image_light.LOOSE).rglob("*.mpy")
    )
    rows = cost(image_light.LOOSE, [name for name in names if name != image_light.MAIN])
    say("\n  bytes of each module with what it is the first to import, were it not in a bundle")
    for name, size in sorted(rows, key=lambda row: -row[1]):
        say(f"  {size:>8}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--modules", action="store_true", help="what each module costs, dearest first")
    options = parser.parse_args()
    if not vm_start.can_run_in_place():
        sys.exit("make budget: KAREZ_MICROPYTHON names a VM that cannot run the image in place; unset it")
    modules = list(image().rglob("*.mpy"))
    mpy = sum(path.stat().st_size for path in modules)
    rom = (image() / firmware_image.ROM).stat().st_size
    say(f"  {len(modules)} modules, {kb(mpy)} kB of .mpy; with the meter profiles one ROMFS of {kb(rom)} kB")
    heaps, is_passed = sessions()
    copied()
    say("  TLS, 25 to 32 kB a connection, lies outside this heap")
    core = core_heap(heaps)
    if options.modules:
        tell_modules()
    live = max((heap.live for heap in heaps), default=0)
    is_ok = is_passed and live <= LIVE_KB_MAX * 1000 and core <= CORE_KB_MAX * 1000
    say(
        f"\nheap_total_kb={kb(live)} (<= {LIVE_KB_MAX}) heap_core_kb={kb(core)} (<= {CORE_KB_MAX}) "
        f"mpy_kb={kb(mpy)} {'ok' if is_ok else 'OVER'}"
    )
    return 0 if is_ok else 1


if __name__ == "__main__":
    sys.exit(main())
