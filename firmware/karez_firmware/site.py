"""What a controller is told from outside: filled once by bring_up, read by the app.

In a module of its own, because an object keeps the module of its class alive: bring_up
itself can then be given back to the heap.
"""


class Site:
    """Keys, binding, settings, accounts, link and meters of one site."""

    def __init__(self):
        self.identity = None
        self.binding = self.config = b""  # as signed, and as written: their digests are recorded
        self.values: dict = {}  # of the binding
        self.regulator = b""  # the key that signs grants, pinned
        self.segments: list = []
        self.settings: dict = {}
        self.rules: dict = {}  # of people, times and areas: what core/parts.py takes
        self.link: dict = {}
        self.curve = None  # the rating curve of an open channel
        # (quantity, Profile, address, line), or (quantity, None, milli per pulse, input)
        self.meters: list = []
