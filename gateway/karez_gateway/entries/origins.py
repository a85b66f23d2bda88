"""The gateway's logs, one after the other: the first, and one more for every restore (design §10).

The first lies in `log/` with `log.key` and `log.vkey` and has the origin that gateway.toml names. The
n-th lies in `log.<n>/` with `log.<n>.key` and `log.<n>.vkey`, is called `<origin>.<n>`, and its first
entry says what it follows. The one with the highest number is continued; the others are only read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from karez_gateway.config import Config
from karez_gateway.entries.logview import LogView
from karez_gateway.errors import StoreError
from karez_gateway.log.errors import LogError
from karez_gateway.log.tlog import CHECKPOINT
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import VerifierKey
from karez_protocols import entry
from karez_protocols.errors import ProtocolError

FIRST = 1


@dataclass(frozen=True, slots=True)
class Numbering:
    """Where the store's entries stand in a log: entry `first` at `head`; what is before is only there."""

    first: int = 0
    head: int = 0

    def index_of(self, number: int) -> int:
        """Index in the log of an entry of the store."""
        return number - self.first + self.head

    def number_of(self, index: int) -> int:
        """Number in the store of a log's entry; below `first` it has none there."""
        return index + self.first - self.head


@dataclass(frozen=True, slots=True)
class Origin:
    """One log: its name, its number, and where its files are."""

    number: int
    name: str
    data: Path

    @property
    def _stem(self) -> str:
        return "log" if self.number == FIRST else f"log.{self.number}"

    @property
    def directory(self) -> Path:
        """Tiles and checkpoint."""
        return self.data / self._stem

    @property
    def key(self) -> Path:
        """The private key's file."""
        return self.data / f"{self._stem}.key"

    @property
    def verifier_key_file(self) -> Path:
        """The public half, to hand out."""
        return self.data / f"{self._stem}.vkey"

    def verifier_key(self) -> VerifierKey:
        """The public half. Raises StoreError."""
        try:
            return VerifierKey.parse(self.verifier_key_file.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError, VerificationError) as error:
            raise StoreError(f"{self.verifier_key_file} cannot be read: {error}") from None

    def numbering(self) -> Numbering:
        """How it numbers the store's entries. Raises StoreError."""
        return Numbering() if self.number == FIRST else numbering(self.first_entry())

    def first_entry(self) -> bytes:
        """Entry 0, checked against the signed tree. Raises StoreError."""
        try:
            return LogView(self.directory, self.name, self.verifier_key()).entry(0)
        except (LogError, VerificationError, OSError, IndexError) as error:
            raise StoreError(f"{self.directory}: the first entry cannot be read: {error}") from None


def numbering(first_entry: bytes) -> Numbering:
    """What the first entry of a later log says. Raises StoreError."""
    try:
        values = entry.decode(first_entry)
    except ProtocolError as error:
        raise StoreError(f"the log's first entry does not say what it follows: {error}") from None
    if values["entry"] != entry.ORIGIN:
        raise StoreError("the log's first entry does not say what it follows")
    return Numbering(values["first_entry"], 1)


def at(config: Config, number: int) -> Origin:
    """The log of a number, whether it is there or not."""
    name = config.log.origin if number == FIRST else f"{config.log.origin}.{number}"
    return Origin(number, name, config.data)


def every(config: Config) -> list[Origin]:
    """The logs that are there, by rising number; the first one always."""
    return [at(config, FIRST), *(at(config, number) for number in sorted(_later(config.data)))]


def current(config: Config) -> Origin:
    """The log that is continued."""
    return every(config)[-1]


def holding(config: Config, number: int) -> tuple[Origin, Numbering, int | None]:
    """The log that holds an entry of the store, its numbering, and the first entry that it does not hold."""
    end: int | None = None
    for one in reversed(every(config)):
        numbers = one.numbering()
        if number >= numbers.first:
            return one, numbers, end
        end = numbers.first
    raise StoreError(f"no log holds entry {number}")


def _later(data: Path) -> Iterator[int]:
    for path in data.glob("log.*"):
        number = path.name.removeprefix("log.")
        is_number = number.isascii() and number.isdecimal() and str(int(number)) == number
        if is_number and int(number) > FIRST and (path / CHECKPOINT).is_file():
            yield int(number)
