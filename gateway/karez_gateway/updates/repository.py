"""Updates out of a TUF repository, a folder or an https address: a board's newest, or why there is none.

python-tuf's client does the checking: a root that is pinned once and then follows its own signatures, expiry,
rising versions, what belongs together. What it refuses is told here as a sentence (decision 51).
"""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuf.api import exceptions
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher
from urllib3.exceptions import HTTPError

from karez_gateway.errors import Refused
from karez_gateway.updates import package
from karez_gateway.updates.package import Package

PINNED, PLACE = "root.pinned.json", "place"
ROOT_MAX = 512_000
_TARGET = re.compile(r"([^/]+)/(\d{1,10})/update\.signed")


class _FolderFetcher(FetcherInterface):
    """Files of a folder as if they came over a line."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            with Path(url).open("rb") as file:
                while part := file.read(65_536):
                    yield part
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise exceptions.DownloadHTTPError(f"{url} is not there", 404) from None


class Repository:
    """What a data directory holds of it: `folder` of its own, with the pinned root and what was seen last.

    It is made beside its place and renamed into it, so it is there with root and address, or not at all.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: in the data directory; made by `trust`."""
        self._folder = folder

    @property
    def is_trusted(self) -> bool:
        """True once a root was pinned: from then on firmware comes from this repository only."""
        return (self._folder / PINNED).exists()

    def prepare(self, root: bytes, place: str) -> None:
        """Check a root and where its repository is, and have both ready for `trust`. Raises Refused."""
        if self.is_trusted:
            raise Refused(f"a repository is trusted already: its root is {self._folder / PINNED}")
        if not _is_https(place) and not (Path(place) / "metadata").is_dir():
            raise Refused(f"{place} is no repository: a folder with metadata/, or an https address")
        if not _is_https(place):
            place = str(Path(place).absolute())  # it is looked for from other folders, too
        shutil.rmtree(self._made, ignore_errors=True)
        self._made.mkdir(parents=True)
        try:
            _updater(self._made, root, place)
        except (exceptions.RepositoryError, ValueError) as error:
            shutil.rmtree(self._made)
            raise Refused(f"this is no root of a repository: {_first(error)}") from None
        for name, data in ((PLACE, place.encode()), (PINNED, root)):
            with (self._made / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())

    def trust(self) -> None:
        """Pin what was prepared: one rename. Raises Refused."""
        if self.is_trusted:
            raise Refused(f"a repository is trusted already: its root is {self._folder / PINNED}")
        if self._folder.exists():  # of a version that pinned a root file by file, and was cut off
            shutil.rmtree(self._folder)
        self._made.rename(self._folder)
        folder = os.open(self._folder.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @property
    def _made(self) -> Path:
        return self._folder.with_name(self._folder.name + ".new")

    def newest(self, board: str) -> Package:
        """Fetch the update with the highest number for a board. Raises Refused with what hinders it."""
        if not self.is_trusted:
            raise Refused("no repository is trusted yet: karez gateway update trust")
        place = (self._folder / PLACE).read_text()
        try:
            updater = _updater(self._folder, (self._folder / PINNED).read_bytes(), place)
            updater.refresh()
            number = self._highest(board)
            found = package.of(
                self._fetched(updater, f"{board}/{number}/update.signed"),
                self._fetched(updater, f"{board}/{number}/image.romfs"),
                place,
            )
        except exceptions.ExpiredMetadataError as error:
            raise Refused(
                f"the repository's word is too old ({_first(error)}): it was not renewed, or somebody keeps "
                f"its news from this gateway. Nothing was taken"
            ) from None
        except exceptions.BadVersionNumberError as error:
            raise Refused(
                f"the repository shows something older than it has shown before, or what does not belong "
                f"together ({_first(error)}). Nothing was taken"
            ) from None
        except exceptions.LengthOrHashMismatchError as error:
            raise Refused(
                f"a file is not the one that was signed ({_first(error)}). Nothing was taken"
            ) from None
        except exceptions.UnsignedMetadataError as error:
            raise Refused(
                f"too few of the right keys have signed ({_first(error)}). Nothing was taken"
            ) from None
        except (exceptions.RepositoryError, exceptions.DownloadError, HTTPError, ValueError) as error:
            raise Refused(f"the repository cannot be used: {_first(error)}. Nothing was taken") from None
        named = found.values["board"], found.values["number"]
        if named != (board, number):
            raise Refused(
                f"the repository calls it number {number} for {board}, its manifest says {named[1]} for "
                f"{named[0]}. Nothing was taken"
            )
        return found

    def _highest(self, board: str) -> int:
        from tuf.api.metadata import Metadata  # noqa: PLC0415 - only here

        # The client has just checked and written it.
        held: Any = Metadata.from_file(str(self._folder / "metadata" / "targets.json")).signed
        found = [match for path in held.targets if (match := _TARGET.fullmatch(path))]
        numbers = [int(match[2]) for match in found if match[1] == board]
        if not numbers:
            boards = ", ".join(sorted({match[1] for match in found})) or "nothing"
            raise Refused(f"the repository has no update for the board {board!r}; it has {boards}")
        return max(numbers)

    def _fetched(self, updater: Updater, path: str) -> bytes:
        info = updater.get_targetinfo(path)
        if info is None:
            raise Refused(f"the repository names no {path}. Nothing was taken")
        if info.length > package.IMAGE_MAX:
            raise Refused(f"{path} is larger than any update. Nothing was taken")
        return Path(updater.download_target(info)).read_bytes()


def _updater(folder: Path, root: bytes, place: str) -> Updater:
    is_far = _is_https(place)
    (folder / "targets").mkdir(exist_ok=True)
    return Updater(
        str(folder / "metadata"),
        place.rstrip("/") + "/metadata/",
        str(folder / "targets"),
        place.rstrip("/") + "/targets/",
        Urllib3Fetcher() if is_far else _FolderFetcher(),
        UpdaterConfig(targets_max_length=1_000_000),
        bootstrap=root,
    )


def _is_https(place: str) -> bool:
    return place.startswith("https://")


def _first(error: Exception) -> str:
    return str(error).split("\n")[0][:300]
