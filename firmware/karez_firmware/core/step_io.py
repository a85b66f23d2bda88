"""What goes into a step of the controller, and what comes out of it (design §4)."""

from karez_protocols import record


class Inputs:
    """What the app saw since the last step."""

    def __init__(self):
        self.aux = False
        self.door = None
        self.utc_s = None
        self.time_state = record.TIME_UNKNOWN
        self.water = None  # finished reading of the water meter, or None
        self.energy = None
        self.level = None
        self.witness = None  # of a second water meter
        self.buttons: list = []  # (start, emergency or stop, credential)
        self.remote: list = []  # (start, account, boot, uptime_s it dies at) or (stop,)
        self.changes: list = []  # what a person at the cable changes (hands.py)
        self.committed = None  # True or False once the start record is written or refused
        self.is_signed = True  # no signature over the last stop is outstanding
        self.fill_percent = 0  # of the ring, with records that nobody has confirmed


class Outputs:
    """What the app has to do, in this order: open and trip, write, close."""

    def __init__(self):
        self.close = False
        self.trip = False
        self.records = []  # values of records, without the journal's own fields; a START is a permission
        self.checkpoint = False
        self.orders_ended = False  # the orders in force are to be written anew
        self.answers: list = []  # lines for who is at the cable
