"""An update on its way: a tool at the console that brings one, and a gateway at the other end of the link."""

import hashlib
from binascii import hexlify

from karez_firmware.store.devices import SECTOR
from karez_firmware.update import intake
from karez_protocols import fields, link, record, update_link
from terminal import Tool
from updates import PIECE, image_of, manifest_of, ready
from wellhouse import NAME

IMAGE = image_of()
MANIFEST = manifest_of(IMAGE)
UPDATE = hashlib.sha256(MANIFEST).digest()
TOPIC = link.topic(NAME, "update")


def sha256(data):
    return hexlify(hashlib.sha256(data).digest()).decode()


def ask(tool, *words):
    return tool.ask("update", *[str(word) for word in words])[0]


def send_manifest(tool, manifest=MANIFEST):
    """Return the answer to `begin`, or the first that is no ok."""
    found = ask(tool, "put", len(manifest), sha256(manifest))
    for at in range(0, len(manifest), PIECE):
        if "ok" in found:
            found = ask(tool, "piece", at, hexlify(manifest[at : at + PIECE]).decode())
    return ask(tool, "begin") if "ok" in found else found


def send_chunks(tool, image=IMAGE):
    """Send what the box wants next until it wants no more; return the last answer."""
    found = ask(tool)
    while found["state"] == "coming":
        at = found["index"] * SECTOR + found["offset"]
        end = min(at + PIECE, (found["index"] + 1) * SECTOR)
        found = ask(tool, "chunk", found["index"], found["offset"], hexlify(image[at:end]).decode())
        assert "ok" in found, found
    return found


def technician(tool):
    """Log in as the console's own tests do not need to: the role alone is what is asked for."""
    tool.house.app.session.number = 12


def armed(house=None):
    """A house that restarts into the new image."""
    house = house or ready()
    tool = Tool(house)
    assert send_manifest(tool)["state"] == "coming"
    assert send_chunks(tool)["state"] == "whole"
    technician(tool)
    try:
        assert "ok" in ask(tool, "apply", sha256(MANIFEST))
        house.run(2)
    except SystemExit:
        return house
    raise AssertionError("the box did not restart")


def events(house, cause):
    return [one for one in house.records() if one["kind"] == record.EVENT and one["cause"] == cause]


class Gateway:
    """The other side of the link: it stores every record, and sends an update step by step."""

    def __init__(self, house):
        self.house, self.broker = house, house.port.broker
        self._taken = self.steps = 0
        self.status = None

    def listen(self):
        """Acknowledge what came up; keep the newest status."""
        for topic, payload in self.broker.published[self._taken :]:
            if topic == TOPIC:
                self.status = update_link.decode_status(payload)
            elif topic == link.topic(NAME, "up"):
                head = self.house.app.journal.head
                values = fields.unpack(link.UP_HEADER, payload)
                body = {
                    "kind": link.ACK, "version": link.VERSION, "frame": values["frame"],
                    "chain": values["chain"], "seq": head["seq"],
                }  # fmt: skip
                self.broker.send(fields.pack(link.ACK_BODY, body))
        self._taken = len(self.broker.published)

    def run(self, seconds):
        until_us = self.house.port.us + int(seconds * 1_000_000)
        while self.house.port.us < until_us:
            self.house.turn()
            self.listen()

    def send(self, step, index=0, offset=0, data=b"", update=UPDATE):
        values = {"step": step, "index": index, "offset": offset, "update": update[:8]}
        self.broker.send(bytes((link.UPDATE,)) + update_link.encode(values, data))

    def ask(self, *words, **named):
        """Send a step and wait for its status."""
        self.status = None
        self.steps += 1
        self.send(*words, **named)
        for _ in range(200):
            self.run(0.1)
            if self.status:
                return self.status
        raise AssertionError("no status")

    def bring(self, manifest=MANIFEST, image=IMAGE, until=None):
        """Send what is wanted until all of it is there; return the last status."""
        update = hashlib.sha256(manifest).digest()
        found = self.ask(update_link.PUT, len(manifest), data=update, update=update)
        if found["state"] == intake.TAKING:
            for at in range(0, len(manifest), update_link.DATA_MAX):
                part = manifest[at : at + update_link.DATA_MAX]
                self.ask(update_link.PIECE, offset=at, data=part, update=update)
            found = self.ask(update_link.BEGIN, update=update)
        while found["state"] == intake.COMING and self.steps != until:
            at = found["index"] * 4096 + found["offset"]
            part = image[at : min(at + update_link.DATA_MAX, (found["index"] + 1) * 4096)]
            found = self.ask(update_link.CHUNK, found["index"], found["offset"], part, update)
        return found
