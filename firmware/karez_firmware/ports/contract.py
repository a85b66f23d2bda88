"""What a port must have, and what it may lack: the one list (docs/ports.md tells it to people).

Nothing loads this on a controller. A test holds every port to it, and the page too.
"""

# name: what the app asks it for. A port without one of these is none.
MUST = {
    "tier": "evidence tier of the box (integrity §5.3): 1 A, 2 B, 3 C",
    "tls_block_ms": "how long a TLS handshake may hold the loop",
    "nor": "records, keys and objects (store.devices); one that is dead raises OSError",
    "fram": "the head (store.devices); one that is dead raises OSError",
    "uarts": "one meter line each, line 0 first; may be empty",
    "now_us": "microseconds since start, growing for ever",
    "now_ms": "milliseconds since start",
    "utc": "(UTC seconds, time state)",
    "set_utc": "keep a time, and how far it may be believed",
    "await_time": "return when the clock can be asked",
    "wait": "return at a deadline, or when something came in",
    "random": "random bytes, good enough for a key",
    "random_below": "a random number, for jitter",
    "lines": "what contacts, buttons and the bench's cable say, as words",
    "say": "a line to the panel or the bench's cable",
    "set_coil": "close or open the contactor",
    "set_trip": "energise the breaker's release",
    "hold": "keep both outputs: without it for 5 s hardware lets them go",
    "feed": "feed the watchdog",
    "start_watchdog": "from here on it must be fed",
    "reset": "start anew",
    "resource": "bytes of a file that ships with the firmware",
}
# name: (who asks, how, what happens without it).
MAY = {
    "connect": (
        "the main module",
        'hasattr(port, "connect")',
        "no uplink is started: the cable does the work",
    ),
    "listen_to": ("Uplink", "with connect", "no uplink is started"),
    "inputs": ("configuration", 'getattr(port, "inputs", 2)', "a pulse meter is refused by its number"),
    "take_pulses": ("PulseMeter", "where inputs says so", "a pulse meter is refused by its number"),
    "flash": ("the app", 'getattr(port, "flash", None)', "no update is taken: the first image stays"),
    "slot": ("update/trial.py", "with a flash", "no update is taken"),
    "board": ("update/trial.py", "with a flash", "no update is taken"),
    "console": ("the main module", "port.console is None", "nobody commissions or reads the box on the spot"),
}
