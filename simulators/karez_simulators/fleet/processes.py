"""Processor time and memory of other processes, as /proc of Linux tells them (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12  # of the fields behind the name, which ends with the last bracket


class Unmeasured(RuntimeError):
    """The machine does not tell, or the process is gone."""


@dataclass(frozen=True)
class Reading:
    """CPU seconds since the process began (all its threads), memory resident now and at most, in MB."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def read(pid: int) -> Reading:
    """Return what a process has used. Raises Unmeasured."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        kb = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
        cpu_s = (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS_PER_S
        return Reading(cpu_s, int(kb["VmRSS"]) / 1024, int(kb["VmHWM"]) / 1024)
    except (OSError, ValueError, KeyError, IndexError):
        raise Unmeasured(f"/proc/{pid} tells nothing: the process is gone, or this is no Linux") from None
