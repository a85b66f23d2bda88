"""`karez bench platform …`: a platform on a port, polite or rude, for our gateway or anybody's."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from karez_simulators.cli_platform_run import Unusable, run

if TYPE_CHECKING:
    from karez_simulators.platform_asks import Ask
    from karez_simulators.platform_books import Platform
    from karez_simulators.platform_manners import Manners

Chosen = TypeVar("Chosen")

EPILOG = "Example: karez bench platform szy206 --port 9000 --manner late=3 --keep build/kept.jsonl"
EPILOG_SZY206 = "Example: karez bench platform szy206 --port 9000 --manner late=3 --keep build/kept.jsonl"
EPILOG_SL651 = "Example: karez bench platform sl651 --port 9001 --ask clock --ask now --manner twice"

EPILOG_JSON = "Example: karez bench platform json --port 1883 --topic karez/upload --manner refuse"

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for other machines.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 = any free one.")]
Manner = Annotated[list[str], typer.Option(help="Misbehave, NAME or NAME=VALUE; repeat it. `list`.")]
AskOf = Annotated[
    list[str], typer.Option("--ask", help="Ask each station when it is first heard; repeat it. `list`.")
]
Keep = Annotated[Path | None, typer.Option(help="Write what arrives into this file, a line of JSON each.")]
Seconds = Annotated[float, typer.Option(min=0, help="End after this long; 0 = when told.")]
AsJson = Annotated[bool, typer.Option("--json", help="Two lines of JSON, at start and end, and no others.")]
Password = Annotated[str, typer.Option(help="Four hex digits that its commands carry.")]

app = typer.Typer(
    help="A platform on a port, polite or rude, that keeps what it receives for comparison.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog=EPILOG,
)


def _password(text: str) -> bytes:
    with contextlib.suppress(ValueError):
        if len(raw := bytes.fromhex(text)) == 2 and len(text) == 4:
            return raw
    raise Unusable(f"--password {text!r}: four hex digits, such as 1234")


def _one_of(option: str, given: str, known: dict[str, Chosen]) -> Chosen:
    if given not in known:
        raise Unusable(f"--{option} {given} is not known; known: {', '.join(known)}")
    return known[given]


@app.command(epilog=EPILOG_SZY206)
def szy206(
    port: Port = 0,
    host: Host = "127.0.0.1",
    dialect: Annotated[str, typer.Option(help="206 (SZY 206-2016) or 427 (SL/T 427-2021).")] = "206",
    manner: Manner = [],  # noqa: B006 - typer reads it, nobody changes it
    ask: AskOf = [],  # noqa: B006 - the same
    password: Password = "1234",  # noqa: S107 - of the standards' examples
    keep: Keep = None,
    seconds: Seconds = 0,
    as_json: AsJson = False,
) -> None:
    """Be a platform of SZY 206 or SL/T 427 until told to end (Ctrl-C)."""

    def build(manners: "Manners", script: "list[Ask]", journal: Any) -> "Platform":
        from karez_protocols.szy206 import SLT427_2021, SZY206_2016
        from karez_simulators.platform_szy206 import PlatformSzy206

        return PlatformSzy206(
            _one_of("dialect", dialect, {"206": SZY206_2016, "427": SLT427_2021}),
            manners,
            host=host,
            port=port,
            script=script,
            journal=journal,
            password=_password(password),
        )

    from karez_simulators.platform_szy206_asks import KNOWN

    run("szy206", build, manner, (ask, KNOWN), keep, seconds, as_json)


@app.command(epilog=EPILOG_SL651)
def sl651(
    port: Port = 0,
    host: Host = "127.0.0.1",
    mode: Annotated[str, typer.Option(help="M1 confirms nothing, M2 and M3 each message.")] = "M3",
    end: Annotated[str, typer.Option(help="How confirms end: EOT, or ACK as some centres do.")] = "EOT",
    elements: Annotated[str, typer.Option(help="User elements: karez (FF01, FF02) or none.")] = "karez",
    manner: Manner = [],  # noqa: B006 - typer reads it, nobody changes it
    ask: AskOf = [],  # noqa: B006 - the same
    password: Password = "1234",  # noqa: S107 - of the standard's examples
    keep: Keep = None,
    seconds: Seconds = 0,
    as_json: AsJson = False,
) -> None:
    """Be a platform of SL 651-2014, HEX and ASCII, until told to end (Ctrl-C)."""

    def build(manners: "Manners", script: "list[Ask]", journal: Any) -> "Platform":
        from karez_protocols.sl651_dialect import SL651_2014
        from karez_protocols.sl651_frames import ACK, EOT
        from karez_protocols.sl651_modes import M1, M2, M3
        from karez_simulators.platform_sl651 import WITH_KAREZ_ELEMENTS, PlatformSl651

        return PlatformSl651(
            _one_of("elements", elements, {"karez": WITH_KAREZ_ELEMENTS, "none": SL651_2014}),
            manners,
            host=host,
            port=port,
            script=script,
            journal=journal,
            password=int.from_bytes(_password(password), "big"),
            mode=_one_of("mode", mode, {"M1": M1, "M2": M2, "M3": M3}),
            end=_one_of("end", end, {"EOT": EOT, "ACK": ACK}),
        )

    from karez_simulators.platform_sl651_asks import KNOWN

    run("sl651", build, manner, (ask, KNOWN), keep, seconds, as_json)


@app.command(name="json", epilog=EPILOG_JSON)
def json_documents(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of a broker of its own; 0 = any free.")
    ] = 0,
    host: Host = "127.0.0.1",
    broker: Annotated[str, typer.Option(help="HOST:PORT of a broker that is there already.")] = "",
    topic: Annotated[str, typer.Option(help="Answers TOPIC/report on TOPIC/confirm.")] = "karez/upload",
    manner: Manner = [],  # noqa: B006 - typer reads it, nobody changes it
    keep: Keep = None,
    seconds: Seconds = 0,
    as_json: AsJson = False,
) -> None:
    """Be a platform that takes JSON documents over MQTT until told to end (Ctrl-C)."""

    def build(manners: "Manners", _script: "list[Ask]", journal: Any) -> "Platform":
        from karez_simulators.platform_broker import OpenBroker
        from karez_simulators.platform_json import PlatformJson

        if not broker:
            own = OpenBroker(host, port)
            return PlatformJson(manners, topic=topic, journal=journal, broker=own)
        at, _, number = broker.rpartition(":")
        if not (at and number.isdecimal() and 0 < int(number) < 1 << 16):
            raise Unusable(f"--broker {broker!r}: HOST:PORT, such as 127.0.0.1:1883")
        return PlatformJson(manners, broker_host=at, broker_port=int(number), topic=topic, journal=journal)

    run("json", build, manner, ([], {}), keep, seconds, as_json)
