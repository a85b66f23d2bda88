"""A serial port that is never waited for: pyserial, opened for this tool alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import serial  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from types import TracebackType

READ_BYTES_MAX = 4096
LOOK_S = 0.02  # how long one read may wait for a first byte
WRITE_S = 2.0  # a full line takes 0.7 s at 9600 baud


def names() -> list[tuple[str, str]]:
    """(device, what the system calls it) of every serial port of this machine."""
    return sorted((one.device, one.description or "") for one in list_ports.comports())


class Port:
    """An open port. Raises WrongUse when it cannot be opened, LineTrouble when it goes while in use."""

    def __init__(self, name: str, baud: int) -> None:
        self.name = name
        try:
            self._serial = serial.Serial(name, baud, timeout=LOOK_S, write_timeout=WRITE_S, exclusive=True)
        except (OSError, ValueError) as error:
            raise WrongUse("port-closed", port=name, why=_reason(error)) from None

    def reopen(self) -> None:
        """Open it anew, if it is there; an adapter that came back is another file of the system."""
        self._serial.close()
        try:
            self._serial.open()
        except OSError:
            time.sleep(LOOK_S)

    def read(self) -> bytes:
        """What has come; waits a moment for a first byte."""
        try:
            return bytes(self._serial.read(min(READ_BYTES_MAX, max(1, self._serial.in_waiting))))
        except (OSError, TypeError) as error:  # pyserial: TypeError when the port went meanwhile
            raise LineTrouble("cable-gone", port=self.name, why=_reason(error)) from None

    def write(self, data: bytes) -> None:
        """Hand over all of it."""
        try:
            self._serial.write(data)
        except (OSError, TypeError) as error:
            raise LineTrouble("cable-gone", port=self.name, why=_reason(error)) from None

    def close(self) -> None:
        """Give the port back. Harmless twice."""
        self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def now_s() -> float:
    """The clock that the line's deadlines are of."""
    return time.monotonic()


def _reason(error: Exception) -> str:
    """Why, without pyserial's own sentence around it."""
    return getattr(error, "strerror", None) or str(error)
