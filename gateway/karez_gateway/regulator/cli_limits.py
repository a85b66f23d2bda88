"""`karez regulator limits …`: what the office may give, and what it has given."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

from typing import Annotated

import typer

from .speech import HERE, AsJson, Folder, Lang, spoken

app = typer.Typer(
    help="The office's own limits: rules.toml, regions.csv, limits.csv, sites.csv.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command(epilog="Example: karez regulator limits check --office /srv/office")
def check(office: Folder = HERE, as_json: AsJson = False, lang: Lang = "") -> None:
    """Read the four files and name every fault by file, line and column."""
    from . import limits
    from .tables import cubic_metres

    with spoken(lang, as_json=as_json) as speech:
        found = limits.load(office)
        above = limits.overdrawn(found)
        counts = {
            "regions": len(found.regions),
            "limits": len(found.limits),
            "sites": len(found.sites),
        }
        parts = [[*one, parts_l] for one, parts_l in above]
        speech.tell({"ok": True, **counts, "sha256": found.sha256, "parts_above": parts})
        speech.say("limits-good", **counts)
        for one, parts_l in above:
            values = {"parts": cubic_metres(parts_l), "most": cubic_metres(one.volume_l)}
            speech.say("limits-above", region=one.region, limit=one.words, **values)


@app.command(epilog="Example: karez regulator limits show --office /srv/office --year 2027")
def show(
    year: Annotated[int, typer.Option(help="Water year.")],
    office: Folder = HERE,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Show a year's limits and what this office has given of them."""
    from . import limits, sums
    from .office import opened
    from .tables import cubic_metres

    with spoken(lang, as_json=as_json) as speech, opened(office) as here:
        found = limits.load(office)
        given = sums.against(found, sums.counted([], found, here.state, year), year)
        rows = [{**one.limit._asdict(), "given_l": one.given_l} for one in given]
        speech.tell({"ok": True, "year": year, "limits": rows})
        for one in given:
            values = {"given": one.given_l, "most": one.limit.volume_l, "left": one.left_l}
            said = {name: cubic_metres(value) for name, value in values.items()}
            region = f"{one.limit.region} {found.regions[one.limit.region].name}"
            speech.say("limit-line", region=region, limit=one.limit.words, **said)
