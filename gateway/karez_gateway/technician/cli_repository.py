"""`karez tech repository …`: the vendor's repository of signed updates, which gateways take them from."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .speech import AsJson, Lang, Speech, spoken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

app = typer.Typer(
    help="The vendor's repository of signed updates (TUF): gateways take firmware from it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The repository's folder.")]
TargetsKey = Annotated[Path, typer.Option(metavar="FILE", help="The key that names files; offline.")]
OnlineKey = Annotated[
    Path, typer.Option(metavar="FILE", help="The key that says what is newest, every few days.")
]

TrustedRoot = Annotated[
    Path,
    typer.Option(
        "--root",
        metavar="FILE",
        help="A root that you keep yourself: what the folder holds must follow from it.",
    ),
]


@app.command(
    epilog="Example: karez tech repository init repo --root-key a.pem --root-key b.pem --threshold 2 "
    "--targets-key targets.pem --online-key online.pem"
)
def init(
    folder: Folder,
    root_key: Annotated[list[Path], typer.Option(metavar="FILE", help="A key of the root; repeatable.")],
    targets_key: TargetsKey,
    online_key: OnlineKey,
    threshold: Annotated[int, typer.Option(help="So many keys of the root must sign it.")] = 1,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Make an empty repository: root, targets and the online roles, a key of its own each.

    The root's keys go back into the safe, with a copy of the root: `add` and `renew` ask for it. The keys are
    needed again within a year, or when a key changes hands.
    """
    from . import update_repository, update_trust

    with spoken(lang, as_json=as_json) as speech:
        roots = [_key(one, speech) for one in root_key]
        update_repository.begin(
            folder, roots, threshold, _key(targets_key, speech), _key(online_key, speech), _now()
        )
        root = folder / update_trust.METADATA / "1.root.json"
        if as_json:
            speech.tell({"ok": True, "root": str(root)})
        speech.say("repository-made", folder=folder, root=root)


@app.command(
    epilog="Example: karez tech repository add repo build/esp32s3 --root safe/1.root.json "
    "--targets-key targets.pem --online-key online.pem"
)
def add(
    folder: Folder,
    build: Annotated[Path, typer.Argument(metavar="BUILD", help="The image and update.signed beside it.")],
    trusted: TrustedRoot,
    targets_key: TargetsKey,
    online_key: OnlineKey,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Put an update that vendor and regulator have signed into the repository.

    Nothing is signed before every signature in the folder has held against the root that you bring.
    """
    from . import update_repository

    with spoken(lang, as_json=as_json) as speech:
        targets, online = _key(targets_key, speech), _key(online_key, speech)
        values = update_repository.add(folder, build, _root(trusted), targets, online, _now())
        said = {name: values[name] for name in ("board", "number", "release")}
        if as_json:
            speech.tell({"ok": True, **said})
        speech.say("repository-added", folder=folder, **said)


@app.command(
    epilog="Example: karez tech repository renew repo --root safe/1.root.json --online-key online.pem"
)
def renew(
    folder: Folder,
    trusted: TrustedRoot,
    online_key: OnlineKey,
    targets_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Let the list of files hold for another year, too.")
    ] = None,
    root_key: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Let the root hold for another year, too.")
    ] = None,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Say anew what is newest, for two weeks; a gateway that has heard nothing newer takes nothing.

    Nothing is signed before every signature in the folder has held against the root that you bring.
    """
    from . import update_repository

    with spoken(lang, as_json=as_json) as speech:
        online, root = _key(online_key, speech), _root(trusted)
        if root_key:
            update_repository.renew_root(folder, root, [_key(one, speech) for one in root_key], _now())
        if targets_key is not None:
            update_repository.renew_targets(folder, root, _key(targets_key, speech), online, _now())
        until = update_repository.renew(folder, root, online, _now())
        if as_json:
            speech.tell({"ok": True, "until": until.isoformat()})
        speech.say("repository-renewed", folder=folder, until=f"{until:%Y-%m-%d %H:%M} UTC")


def _root(path: Path) -> bytes:
    from . import firmware_folder

    return firmware_folder.read(path)


def _key(path: Path, speech: Speech) -> Ed25519PrivateKey:
    from . import keys, passphrase

    return keys.load(path, passphrase.of(path, speech) if keys.is_encrypted(path) else None)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
