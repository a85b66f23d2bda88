"""Two meter lines, each an island of its own: isolator, transceiver that turns round by itself, protection.

Lightning goes from A and B through GDT to PE, before the resistors; what is left the TVS takes after them.
Both are dark when the mains are: so are the meters. The bias keeps a line at rest above the receivers'
200 mV also without a meter; JP closes 120 Ohm at a line's end.
"""

from ..placement import Placing, SheetError

LINES = (0, 1)


def sheet(place: Placing) -> None:
    """Place both lines."""
    option = {one.signal: one.option for one in place.board.wires}
    for line in LINES:
        signal = f"METER{line}_TX"
        if signal not in option:
            raise SheetError(
                f"{place.board.name}/pinout.csv: {signal} is missing, and this sheet draws that line"
            )
        place.option = option[signal]  # a line whose pins another option takes is not fitted with that
        _isolated(place, line)
        _line(place, line)
    place.option = ""


def _isolated(place: Placing, line: int) -> None:
    five, zero = f"M{line}_5V", f"M{line}_0V"
    ten = 30 + 10 * line
    place.put(f"U{ten}", "isolator", {
        "VCC1": "3V3", "GND1": "GND", "INB": f"METER{line}_TX", "OUTA": f"METER{line}_RX",
        "VCC2": five, "GND2": zero, "OUTB": f"M{line}_D", "INA": f"M{line}_R",
    })  # fmt: skip
    place.put(f"PS{ten}", "dc_dc_5v", {"vin": "+5V", "gnd": "GND", "vout": five, "0v": zero})
    place.put(f"R{ten}", "r_10k", "3V3", f"METER{line}_TX")
    place.put(f"C{ten}", "c_100n", "3V3", "GND")
    place.put(f"C{ten + 1}", "c_100n", five, zero)
    place.put(f"C{ten + 2}", "c_10u_x7r", five, zero)
    # The converter is unregulated and must not idle: its maker wants a tenth of its 200 mA, whatever hangs
    # on the line.
    for number in (6, 7, 8):
        place.put(f"R{ten + number}", "r_680", five, zero)


def _line(place: Placing, line: int) -> None:
    five, zero, a, b = f"M{line}_5V", f"M{line}_0V", f"M{line}_A", f"M{line}_B"
    ten = 30 + 10 * line
    place.put(f"U{ten + 1}", "rs485_auto", {
        "VCC": five, "GND": zero, "R": f"M{line}_R", "RE_N": zero, "SHDN_N": five, "D": f"M{line}_D",
        "A": a, "B": b,
    })  # fmt: skip
    place.put(f"R{ten + 1}", "r_680", five, a)
    place.put(f"R{ten + 2}", "r_680", b, zero)
    place.put(f"D{ten}", "tvs_rs485", {"1": a, "2": b, "ground": zero})
    place.put(f"R{ten + 3}", "r_10_pulse", a, f"LINE{line}_A")
    place.put(f"R{ten + 4}", "r_10_pulse", b, f"LINE{line}_B")
    place.put(f"R{ten + 5}", "r_120", a, f"M{line}_END")
    place.put(f"JP{line}", "jumper", f"M{line}_END", b)
    place.put(f"GDT{line}", "arrester_line", {"1": f"LINE{line}_A", "2": f"LINE{line}_B", "ground": "PE"})
    place.put(f"X{5 + line}", "terminal_line", f"LINE{line}_A", f"LINE{line}_B", zero, "PE")
