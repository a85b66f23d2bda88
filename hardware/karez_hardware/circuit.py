"""The schematic joined by SKiDL: its electrical rules check, and the netlist that a layout begins with.

SKiDL is asked for no library: every symbol comes from symbols.csv. `tag=` is each part's reference, so that a
netlist made twice is the same to the byte. Importing SKiDL takes seconds, and it looks for KiCad; so it is
imported here only.
"""

import contextlib
import io
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .placement import NONE, Placed

# Nets that are fed through an inductor, a diode, a resistor or a terminal: no pin says that it drives them.
FED = (
    "GND", "+5V", "+5V_HOLD", "3V3", "VCAP", "L_FUSED", "N", "M0_0V", "M1_0V", "F_0V", "MODEM_3V8",
    "CORE_1V1", "VREG_AVDD",
)  # fmt: skip
RUNNING = ("(date ", "(source ")  # of a netlist: when, and by which script
KICAD = ("KICAD_SYMBOL_DIR", *(f"KICAD{number}_SYMBOL_DIR" for number in range(5, 11)))


def _skidl() -> Any:
    """SKiDL, told that there are no libraries, and with its files in a folder that goes.

    What it changes of its process while it is imported is put back: folder, environment, class of loggers.
    It would say on the terminal that there is no KiCad; what it finds is heard by `_Listener`.
    """
    here, kind = Path.cwd(), logging.getLoggerClass()
    missing = [name for name in KICAD if name not in os.environ]
    with tempfile.TemporaryDirectory() as empty:
        os.environ.update(dict.fromkeys(missing, empty))
        os.chdir(empty)
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # its loggers keep what they find here
                import skidl  # noqa: PLC0415 - takes seconds
            from skidl.logger import stop_log_file_output  # noqa: PLC0415

            stop_log_file_output(stop=True)
        finally:
            os.chdir(here)
            logging.setLoggerClass(kind)
            for name in missing:
                os.environ.pop(name, None)
    return skidl


class _Listener(logging.Handler):
    """Keeps what SKiDL logs at a level or above."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextlib.contextmanager
def _hearing(logger: Any, level: int) -> Iterator[_Listener]:
    heard = _Listener(level)
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)


class Circuit:
    """One board in SKiDL."""

    def __init__(self, placed: dict[str, Placed]) -> None:
        self._skidl = _skidl()
        self._circuit = self._skidl.Circuit()
        self._circuit.no_files = True
        self._nets: dict[str, Any] = {}
        for one in placed.values():
            self._add(one)
        for name in FED:
            if name in self._nets:
                self._nets[name].drive = self._skidl.POWER

    def _add(self, one: Placed) -> None:
        kinds = {
            "passive": "PASSIVE", "input": "INPUT", "output": "OUTPUT", "bidirectional": "BIDIR",
            "tristate": "TRISTATE", "open-collector": "OPENCOLL", "power-in": "PWRIN", "power-out": "PWROUT",
            "nc": "NOCONNECT",
        }  # fmt: skip
        pin_of = self._skidl.Pin
        pins = [
            pin_of(num=name, name=name, func=getattr(pin_of.types, kinds[kind]))
            for name, kind in one.kinds.items()
        ]
        template = self._skidl.Part(
            name=one.part.part, tool=self._skidl.SKIDL, dest=self._skidl.TEMPLATE, pins=pins,
            ref_prefix=one.reference.rstrip("0123456789"), footprint="Karez:" + one.part.symbol,
        )  # fmt: skip
        part = template(ref=one.reference, tag=one.reference, value=one.part.number, circuit=self._circuit)
        for name, net in one.nets.items():
            if net == NONE:
                self._circuit.NC += part[name]
            else:
                if net not in self._nets:
                    self._nets[net] = self._skidl.Net(net, circuit=self._circuit)
                self._nets[net] += part[name]

    def violations(self) -> list[str]:
        """Return what SKiDL's electrical rules check says against the board: errors and warnings."""
        with _hearing(self._skidl.logger.erc_logger, logging.WARNING) as heard:
            self._circuit.ERC()
        return heard.said

    def netlist(self) -> str:
        """Return the netlist for KiCad, without the lines that differ from run to run and place to place.

        Raises RuntimeError where SKiDL finds an error.
        """
        with _hearing(self._skidl.logger.active_logger, logging.ERROR) as heard:
            text = str(self._circuit.generate_netlist(tool=self._skidl.KICAD9, do_backup=False))
        if heard.said:
            raise RuntimeError(f"SKiDL makes no netlist: {heard.said[0]}")
        lines = [line for line in text.splitlines() if not line.lstrip().startswith(RUNNING)]
        return re.sub(r'\n *\(field\n *\(name "SKiDL Line"\) "[^"]*"\)', "", "\n".join(lines)) + "\n"
