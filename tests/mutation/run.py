"""`make mutants`: small changes to books, rights, pump and store, each of which a test must notice.

cosmic-ray makes the changes, in a copy of the tree under build/mutants; judge.py tries them. Who
survives is explained in survivors.toml, or is a gap in the tests. A run that was stopped goes on
where it stood; --fresh judges everybody again.

Exit code 1 when a survivor has no reason, or a test fails without any mutant.
"""

import argparse
import fcntl
import multiprocessing
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import kept
import session
from session import say

COPIED = ("firmware", "protocols", "tests")
NOT_COPIED = shutil.ignore_patterns("__pycache__", "corpus", "boards")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--module", action="append", default=[], help="only this one, such as core/pump.py; again for more"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="modules at the same time")
    parser.add_argument(
        "--sample", type=int, default=0, metavar="N", help="only N mutants of each module, drawn by --seed"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--folder", type=Path, default=kept.ROOT / "build/mutants", help="where the copy and the verdicts lie"
    )
    parser.add_argument("--fresh", action="store_true", help="forget earlier verdicts")
    return parser.parse_args()


def copy_of_the_tree(folder):
    """Copy what the tests need; the working tree may change meanwhile."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(kept.ROOT / name, tree / name, ignore=NOT_COPIED)
    return tree


def judged(options, chosen, tree):
    """Yield the summary of each module as it is done; the largest begin first."""
    sessions = options.folder / "sessions"
    sessions.mkdir(exist_ok=True)
    size = {module: (tree / "firmware/karez_firmware" / module).stat().st_size for module in chosen}
    # One new process for each module: it imports the module's world once and forks from there.
    pool = ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"), max_tasks_per_child=1)
    with pool:
        waiting = [
            pool.submit(
                session.run, module, chosen[module]["tests"], tree, sessions, options.sample, options.seed
            )
            for module in sorted(chosen, key=size.get, reverse=True)
        ]
        try:
            for future in as_completed(waiting):
                yield future.result()
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def tell(summary, explained, unexplained):
    """Print one module's line and its survivors without a reason."""
    each_ms = 1000 * summary["took_s"] / summary["judged"] if summary["judged"] else 0
    say(
        f"{summary['module']:24}{summary['exist']:6} mutants {summary['mutants']:6} judged"
        f" {len(summary['survivors']):5} survive {explained:5} explained"
        f" {summary['tests']:4} tests  {each_ms:4.0f} ms each, {summary['judged']} judged now"
    )
    for name in summary["broken"]:
        say(f"  fails without a mutant: {name}")
    for mutant in unexplained:
        say(f"  {mutant['module']}:{mutant['line']} {mutant['where']} ({mutant['operator']})")
        for line in mutant["was"].splitlines():
            say(f"    - {line}")
        for line in mutant["becomes"].splitlines():
            say(f"    + {line}")


def report(options, chosen, tree, reasons):
    """Judge, tell, and return (summaries, explained, unexplained)."""
    summaries, explained, unexplained = [], 0, 0
    for summary in judged(options, chosen, tree):
        without = [mutant for mutant in summary["survivors"] if reasons.reason(mutant) is None]
        tell(summary, len(summary["survivors"]) - len(without), without)
        summaries.append(summary)
        explained += len(summary["survivors"]) - len(without)
        unexplained += len(without)
    return summaries, explained, unexplained


def main():
    """Run; the last line holds the figures."""
    options = arguments()
    known = kept.modules()
    unknown = set(options.module) - set(known)
    if unknown:
        say(f"not in {kept.MODULES.name}: {', '.join(sorted(unknown))}")
        return 2
    chosen = {module: known[module] for module in options.module or known}
    reasons = kept.KeptList(kept.LIST.read_text(encoding="utf-8"))
    options.folder = options.folder.resolve()
    options.folder.mkdir(parents=True, exist_ok=True)
    with (options.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is under way there")
            return 2
        if options.fresh:
            shutil.rmtree(options.folder / "sessions", ignore_errors=True)
        summaries, explained, unexplained = report(options, chosen, copy_of_the_tree(options.folder), reasons)
    if not options.sample:
        for entry in reasons.stale(list(chosen)):
            say("stale: " + " | ".join(entry))
    mutants = sum(summary["mutants"] for summary in summaries)
    survived = explained + unexplained
    say(
        f"mutants={mutants} killed={mutants - survived} survived={survived}"
        f" explained={explained} unexplained={unexplained}"
    )
    return 1 if unexplained or any(summary["broken"] for summary in summaries) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        say("stopped; the next run goes on from here")
        os._exit(130)  # not waiting for the workers: they see that this process is gone
