"""What comes out of any upload session, whichever standard it speaks."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Failure(Enum):
    """Why a report or a session came to nothing."""

    UNANSWERED = auto()
    DISCONNECTED = auto()
    LOGGED_OUT = auto()


@dataclass(frozen=True)
class LoggedIn:
    """Reports of this station may be sent: the platform let it in, or wants no log-in."""

    address: bytes


@dataclass(frozen=True)
class ReportConfirmed:
    """The platform has the report; `request_bytes` is the attempt it confirmed."""

    report: Any
    request_bytes: bytes
    confirm_bytes: bytes


@dataclass(frozen=True)
class ReportFailed:
    """No confirm: the platform may have the report or not."""

    report: Any
    failure: Failure


@dataclass(frozen=True)
class PlatformAsked:
    """The platform asks or commands. The session has done nothing; whoever answers calls its `reply`.

    `frame` is the codec's own, of szy206 or sl651_frames.
    """

    frame: Any
    frame_bytes: bytes


@dataclass(frozen=True)
class SessionEnded:
    """Nothing more will happen: close the connection."""

    failure: Failure


Event = LoggedIn | ReportConfirmed | ReportFailed | PlatformAsked | SessionEnded
