"""One module's cosmic-ray session: which mutants exist, which are judged, and what came of them.

The session is cosmic-ray's own database, so that `cr-report` and `cr-html` read it. It is begun
anew when the module changed. When only its tests changed, those who survived are judged again.
"""

import difflib
import hashlib
import json
import os
import random
import time

import cosmic_ray.commands
from cosmic_ray.ast import get_ast
from cosmic_ray.mutating import MutationVisitor, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

from judge import NOT_COMPILED, Judge, test_paths

PROGRESS_S = 10


def run(module, test_files, root, folder, sample=0, seed=0):
    """Judge the module's mutants that have no verdict yet; return a summary (see _summary)."""
    judge = Judge(root, module, test_files)
    path = root / "firmware/karez_firmware" / module
    with use_db(str(folder / (module.replace("/", "-") + ".sqlite"))) as db:
        _begin_or_resume(
            db, path, test_paths(root, test_files), folder / (module.replace("/", "-") + ".json")
        )
        items = sorted(db.work_items, key=_order)
        if sample and sample < len(items):
            items = sorted(random.Random(seed).sample(items, sample), key=_order)
        done = {job for job, _ in db.results}
        pending = [item for item in items if item.job_id not in done]
        began = time.monotonic()
        _judge_all(module, judge, db, pending)
        took_s = time.monotonic() - began
        return _summary(module, judge, db, items, len(pending), took_s)


def _order(item):
    mutation = item.mutations[0]
    return mutation.start_pos, mutation.operator_name, mutation.occurrence


def _begin_or_resume(db, path, tests, note):
    now = {"module": _digest([path]), "tests": _digest(tests)}
    before = json.loads(note.read_text()) if note.exists() else {}
    if before.get("module") != now["module"] or not db.num_work_items:
        cosmic_ray.commands.init([path], db, {})
    elif before["tests"] != now["tests"]:
        _forget_survivors(db)
    note.write_text(json.dumps(now))


def _digest(paths):
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _forget_survivors(db):
    # WorkDB sets results and clears them all; it has no way to take back one.
    kept = [(job, result) for job, result in db.results if result.is_killed]
    items = db.work_items
    db.clear()
    db.add_work_items(items)
    for job, result in kept:
        db.set_result(job, result)


def _judge_all(module, judge, db, pending):
    said = time.monotonic()
    survived = 0
    parsed = get_ast(judge.source)
    parent = os.getppid()
    for number, item in enumerate(pending):
        if os.getppid() != parent:
            raise KeyboardInterrupt  # the run was ended; what is judged so far is kept
        mutation = item.mutations[0]
        operator = get_operator(mutation.operator_name)(**mutation.operator_args)

        visitor = MutationVisitor(mutation.occurrence, operator)

        def mutate(visitor=visitor):
            return visitor.walk(parsed).get_code()  # in the child: this process keeps its tree

        killer = judge.killer(mutate)
        survived += killer is None
        diff = (
            None if killer else _diff(judge.source, mutate_code(judge.source, operator, mutation.occurrence))
        )
        db.set_result(
            item.job_id,
            WorkResult(
                worker_outcome=WorkerOutcome.NORMAL,
                output=killer,
                test_outcome=_outcome(killer),
                diff=diff,
            ),
        )
        if time.monotonic() - said > PROGRESS_S:
            said = time.monotonic()
            say(f"  {module}: {number + 1} of {len(pending)}, {survived} survive")


def _outcome(killer):
    if killer == NOT_COMPILED:
        return TestOutcome.INCOMPETENT
    return TestOutcome.KILLED if killer else TestOutcome.SURVIVED


def _diff(was, becomes):
    return "\n".join(difflib.unified_diff(was.splitlines(), becomes.splitlines(), n=0, lineterm=""))


def _summary(module, judge, db, items, judged, took_s):
    """Figures of the module, and its survivors as kept.py knows them."""
    chosen = {item.job_id: item for item in items}
    results = {job: result for job, result in db.results if job in chosen}
    survivors = [
        _survivor(module, chosen[job].mutations[0], result)
        for job, result in results.items()
        if not result.is_killed
    ]
    return {
        "module": module,
        "exist": db.num_work_items,
        "mutants": len(results),
        "not_compiled": sum(result.test_outcome is TestOutcome.INCOMPETENT for result in results.values()),
        "survivors": sorted(survivors, key=lambda mutant: (mutant["line"], mutant["becomes"])),
        "tests": judge.tests,
        "broken": judge.broken,
        "judged": judged,
        "took_s": took_s,
    }


def _survivor(module, mutation, result):
    lines = result.diff.splitlines()[2:]
    return {
        "module": module,
        "where": mutation.definition_name or "",
        "operator": mutation.operator_name.removeprefix("core/"),
        "line": mutation.start_pos[0],
        "was": "\n".join(line[1:].strip() for line in lines if line.startswith("-")),
        "becomes": "\n".join(line[1:].strip() for line in lines if line.startswith("+")),
    }


def say(text=""):
    print(text, flush=True)
