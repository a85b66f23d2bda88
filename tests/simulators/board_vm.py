"""Runs a board's image on a MicroPython VM among faked chips: micropython board_vm.py MAIN BOX OUT.

BOX: JSON of what the chips hold (NOR by sectors, FRAM, clock), of pins and of seconds; OUT gets the
memories back, and what happened. MICROPYPATH names the image, and tests/firmware for the fakes.
"""

import binascii
import json
import sys

from board_machine import Restarted, World, fakes

FRAME = "0" + "00010010" + "0011010001010110" + "0"
FLOW_LPH, POWER_W = 60_000, 22_000


class Stop(BaseException):
    """Enough was seen."""


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return bytes((value & 255, value >> 8))


class Meters:
    """Two meters on one line: their answers for a pump that is on or off, made here and nowhere else."""

    def __init__(self, world, uart, box):
        self.world, self.uart, self.box = world, uart, box
        self.is_on = False
        self.us = 0  # the pump has run for so long
        self.at_us = world.us
        uart.on_write = self.asked

    def switch(self, level):
        self.go_on()
        self.is_on = bool(level)
        self.world.after.append(
            (self.world.us + 50_000, lambda: self.world.drive(self.box["aux"], 1 - level))
        )

    def go_on(self):
        if self.is_on:
            self.us += self.world.us - self.at_us
        self.at_us = self.world.us

    def asked(self, frame):
        self.go_on()
        start, count = frame[2] << 8 | frame[3], frame[4] << 8 | frame[5]
        table = self.water() if frame[0] == 1 else self.energy()
        body = b""
        for at in range(start, start + count):
            value = table.get(at, 0)
            body += bytes((value >> 8, value & 255))
        answer = bytes((frame[0], frame[1], len(body))) + body
        answer += crc(answer)

        def come():
            self.uart.rx += answer

        self.world.after.append((self.world.us + 60_000, come))

    def water(self):
        litres = self.box["litres"] + self.us * FLOW_LPH // 3_600_000_000
        table = {8: litres & 0xFFFF, 9: litres >> 16, 91: 90}
        table[1] = 0x4270 if self.is_on else 0  # 60.0 as a REAL4, low word first
        return table

    def energy(self):
        import struct

        watt_hours = self.box["watt_hours"] + self.us * POWER_W // 3_600_000_000
        table = {}
        for start, value in (
            (0, 220), (2, 220), (4, 220), (52, POWER_W if self.is_on else 0), (72, watt_hours / 1000),
        ):  # fmt: skip
            raw = struct.pack(">f", value)
            table[start], table[start + 1] = raw[0] << 8 | raw[1], raw[2] << 8 | raw[3]
        return table


def at(world, seconds, happens):
    world.after.append((world.us + int(seconds * 1_000_000), happens))


def press(world, pin):
    world.drive(pin, 0)
    at(world, 0.4, lambda: world.drive(pin, 1))


def swipe(world, wires):
    def bit(pin):
        world.drive(pin, 0)
        world.drive(pin, 1)

    for number, value in enumerate(FRAME):
        at(world, number * 0.002, lambda pin=wires[int(value)]: bit(pin))


def stop():
    raise Stop


def main(name, box_path, out_path):
    with open(box_path) as file:
        box = json.load(file)
    world = World()
    for number, cells in box["nor"].items():
        world.nor.sectors[int(number)] = bytearray(binascii.unhexlify(cells))
    world.fram.cells[: len(box["fram"]) // 2] = binascii.unhexlify(box["fram"])
    world.clock.cells[:] = binascii.unhexlify(box["clock"])
    world.watchers = {box["nor_select"]: world.nor.select, box["fram_select"]: world.fram.select}
    world.spi = {box["nor_select"]: world.nor, box["fram_select"]: world.fram}
    modules = fakes(world)
    for one in ("machine", "time", "select", "esp32", "micropython", "sys"):
        sys.modules[one] = modules[one]
    uart = modules["machine"].UART(box["line"])
    meters = Meters(world, uart, box)
    world.watchers[box["coil"]] = meters.switch
    edges = []
    world.watchers[box["alive"]] = edges.append
    for pin, level in ((box["aux"], 1), (box["door"], 0)):
        world.drive(pin, level)
    at(world, 13, lambda: swipe(world, box["card"]))
    at(world, 15, lambda: press(world, box["start"]))
    at(world, 30, lambda: press(world, box["stop"]))
    at(world, 45, stop)
    try:
        __import__("karez_firmware." + name)
    except Restarted:
        pass
    found = {
        "nor": {str(one): binascii.hexlify(cells).decode() for one, cells in world.nor.sectors.items()},
        "fram": binascii.hexlify(world.fram.cells).decode(),
        "pumped_us": meters.us,
        "coil": world.levels[box["coil"]],
        "edges": len(edges),
        "hungry_us": world.dogs[0].worst_us,
        "panel": world.lcd.lines(),
        "said": world.stdout.tx.decode(),
    }
    with open(out_path, "w") as file:
        json.dump(found, file)


main(*sys.argv[1:4])
