"""What happens at the well while the mains are cut: an hour for `make test`, a day for `make powercut`."""

from karez_firmware.store import objects
from karez_protocols import causes, chain, fields, link, record
from powercut.history import History
from wellhouse import House, a_grant, memories


class Script:
    """One house, what it is told, and what must have happened in the end."""

    def __init__(self, sectors):
        self.house = House(*memories(sectors), broker=True)
        self.history = History(chain.genesis(1, objects.read_any(self.house.nor, objects.BINDING)))

    def grant(self, ceiling_l, seq):
        """A grant arrives over the network."""
        self.history.ceiling_l = max(self.history.ceiling_l, ceiling_l)
        self.house.offer(a_grant(ceiling_l, seq=seq))

    def acknowledge(self):
        """The gateway says that it has everything so far."""
        head = self.house.app.journal.head
        self.house.port.broker.send(an_ack(head["chain"], head["seq"]))
        self.house.run(1)

    def irrigate(self, seconds):
        """Start, let it run, stop by button if it still runs, and let it settle."""
        self.house.press()
        self.house.run(seconds)
        if self.house.well.closed:
            self.house.press("stop")
        self.house.run(6)

    def swap(self):
        """Another water meter is put on, and a technician says so."""
        well, opening = self.house.well, 500
        closing = well.register_l
        well.shift_l += opening - closing
        self.house.port.script("swap water OLD %d NEW %d" % (closing, opening))
        self.house.run(20)

    def idle(self, seconds):
        """Nothing happens."""
        self.house.run(seconds)


def an_ack(chain, seq):
    """An acknowledgement's bytes."""
    values = {"kind": link.ACK, "version": link.VERSION, "chain": chain, "seq": seq, "frame": 1}
    return fields.pack(link.ACK_BODY, values)


def minutes(script):
    """One short irrigation with a second grant in the middle of it."""
    script.idle(4)
    script.grant(1_000, 1)
    script.house.press()
    script.idle(3)
    script.grant(500, 2)
    script.idle(2)
    script.house.press("stop")
    script.idle(6)


def hour(script):
    """Two irrigations, one to its ceiling; a second grant; acknowledgements."""
    script.idle(4)
    script.grant(900, 1)
    script.irrigate(25)
    script.acknowledge()
    script.idle(900)
    script.grant(1_400, 2)
    script.irrigate(90)  # the ceiling ends it
    script.acknowledge()
    script.idle(2_500)


def day(script, hours=24):
    """Three irrigations, three grants, a meter swapped; then a network gone until records go unconfirmed."""
    script.idle(4)
    script.grant(1_500, 1)
    script.irrigate(40)
    script.idle(hours * 200)
    script.acknowledge()
    script.grant(2_000, 2)
    script.irrigate(100)  # the ceiling ends it
    script.idle(hours * 400)
    script.acknowledge()
    script.swap()
    script.grant(4_000, 3)
    script.irrigate(45)
    script.idle(hours * 3_000)


def met(script):
    """Return {what a whole day must have met at least once: whether it did}."""
    journal, history = script.house.app.journal, script.history.follow(script.house.app.journal)
    kinds = [(slot[1], slot[2]) for slot in history.slots[1:]]
    return {
        "the ring went round": journal.oldest() > 1,
        "records were declared lost": any(kind == record.LOSS for kind, _ in kinds),
        "a grant was replaced": history.grant_seq > 1,
        "a ceiling ended an irrigation": (record.STOP, causes.WATER_CEILING) in kinds,
        "a button ended an irrigation": (record.STOP, causes.BUTTON) in kinds,
        "a checkpoint was signed": any(kind == record.SIGNATURE for kind, _ in kinds),
        "a meter was swapped": (record.EVENT, causes.METER_OPENED) in kinds,
        "the gateway confirmed records": journal.head["acknowledged_seq"] > 0,
    }
