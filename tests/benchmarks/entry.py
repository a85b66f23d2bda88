"""One figure of the benchmark, as it stands in build/benchmarks.json."""


def entry(name, value, unit, baseline=None, baseline_value=None, at_most=None, at_least=None):
    """Return a figure: `baseline` names what stands beside ours, measured in the same run.

    `at_most` or `at_least` is the target; without one the figure is told and never fails.
    """
    ok = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "baseline": baseline,
        "baseline_value": baseline_value,
        "ratio": round(value / baseline_value, 4) if baseline_value else None,
        "target": at_least if at_most is None else at_most,
        "ok": ok,
    }
