"""Every fault a simulated meter can have, by name: the failure catalogue seen from the register.

What a fault does to the measurement is in `water_side.py` and `power_side.py`; the last
group happens on the wire, between meter and controller.
"""

from __future__ import annotations

# Acts happen once, at the moment they are switched on, and cannot be switched off.
ACTS = ("reset", "rollover", "swapped")

ANY = {
    "stuck": "all registers stand still; counting goes on underneath",
    "frozen_to_the_digit": "measured values repeat to the last digit, totals count on",
    "rollover": "the total jumps to just below its modulus and rolls over soon (once)",
    "reset": "totals to 0 (once)",
    "swapped": "another meter in its place: another serial number, the total goes on elsewhere (once)",
}
WATER = ANY | {
    "starting_flow": "an oversized meter: nothing is shown or counted below its starting flow",
    "empty_pipe": "empty pipe: flow 0, the totals stop, the status says so if the meter can",
    "no_signal": "no signal: flow 0, the totals stop, the status says so if the meter can",
    "reverse": "mounted backwards: negative flow, the reverse total counts",
    "air": "half-full pipe: the flow jumps, also with the pump off, and is counted",
    "bypass": "the water goes around the meter",
    "magnet": "a magnet on the meter: it shows and counts nothing, and reports nothing",
}
POWER = ANY | {
    "wrong_ct": "CT ratio set to twice the true one: current, power and energy too high",
    "reversed_ct": "current transformers turned: negative power, the export register counts",
    "ct_open": "current transformers off: no current, no power, the energy stops",
    "phase_loss": "phase C has no voltage and no current, the others carry more",
    "bypass": "the motor is fed past the meter: no current, no power, the energy stops",
    "magnet": "a magnet on the meter: no current, no power, the energy stops",
}
VALVE = {"valve_stuck": "valve commands are answered as accepted, the valve never moves"}
RELAY = {"relay_stuck": "trip and close are answered as accepted, the contact never moves"}
LEVEL = {name: ANY[name] for name in ("stuck", "frozen_to_the_digit")} | {
    "no_signal": "the sensor is off: the mark for it, or 0 if the probe has none",
    "fouled": "a silted probe: the level hardly moves, whatever the water does",
    "wrong_zero": "the zero was set wrong: 3 m too much water",
    "hung": "the probe is caught 8 m above its place: less water, or none",
    "jump": "a loose contact: the level jumps by metres between readings",
}
WIRE = {
    "silent": "hears nothing and says nothing",
    "noisy": "about every second answer has a wrong byte",
    "slow": "answers a second late",
}
EVERY = LEVEL | RELAY | VALVE | POWER | WATER | WIRE
