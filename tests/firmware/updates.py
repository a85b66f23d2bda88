"""A house with slots for updates: signed manifests, images, a boot that starts what the rows say."""

import hashlib

from karez_firmware.ports import fake_memory
from karez_firmware.store.devices import SECTOR
from karez_firmware.update import marks
from karez_protocols import ed25519, ed25519_keys, signed, update_manifest
from karez_protocols.slices import finish
from wellhouse import REGULATOR, UTC, House, a_grant, memories, port_for

VENDOR = finish(ed25519_keys.secret_slices(b"v" * 32))
SLOT_SECTORS = 4
OLD = b"old image"  # in slot 0, from the factory: no manifest
PIECE = 256  # karez_protocols.console.PIECE_MAX
FILES = {"karez_firmware/vendor.key": VENDOR[64:], "karez_firmware/release.number": b"5"}


def image_of(chunks=2, short=1000, seed=0):
    """Bytes of an image: whole chunks but for the last, which lacks `short`."""
    parts = [hashlib.sha256(b"%d %d" % (seed, at)).digest() for at in range(chunks * SECTOR // 32)]
    return b"".join(parts)[: chunks * SECTOR - short]


def body_of(image, **changed):
    values = {
        "number": 6, "least": 0, "issued_utc_s": UTC, "board": "fake", "release": "0.2.0",
        "core_digest": bytes(24),
    }  # fmt: skip
    values.update(changed)
    return update_manifest.of_image(values, image)


def manifest_of(image, vendor=VENDOR, regulator=REGULATOR, **changed):
    """A signed manifest's bytes."""
    body = body_of(image, **changed)
    both = [
        finish(ed25519.sign_slices(secret, signed.message(label, body)))
        for secret, label in (
            (vendor, update_manifest.VENDOR_LABEL),
            (regulator, update_manifest.REGULATOR_LABEL),
        )
    ]
    return update_manifest.sign(body, *both)


def a_flash(mains=None, sectors=SLOT_SECTORS):
    """A flash of two slots, with the factory's image in the first."""
    flash = fake_memory.RamNor((2 * sectors + 4) * SECTOR)
    flash.program(0, OLD)
    flash.mains = mains or fake_memory.Mains()
    return flash


def port_of(nor, fram, well, flash, utc_s=UTC, slot=None):
    """A port that has started the slot that the boot chose."""
    port = port_for(nor, fram, well, utc_s)
    port.flash = flash
    port.slot = marks.Slots(flash).boot() if slot is None else slot
    port.files = dict(FILES)
    return port


def ready(flash=None, broker=False, ceiling=100_000, **named):
    """A house with slots whose books are known and that has a grant."""
    from wellhouse import Well

    nor, fram = memories(sectors=8)
    well = Well()
    house = House(nor, fram, well, broker=broker, port=port_of(nor, fram, well, flash or a_flash()), **named)
    house.run(4)
    house.offer(a_grant(ceiling))
    house.run(3)
    return house


def again(house, after_s=5, slot=None):
    """The box starts anew over the same memories: the boot chooses unless `slot` says, the app runs."""
    utc_s = UTC + house.port.us // 1_000_000 + after_s
    house.well.go_on(house.port.us)
    nor, fram, flash, well = (
        house.nor.copy(), house.fram.copy(), house.port.flash.copy(), house.well.copy(),
    )  # fmt: skip
    port = port_of(nor, fram, well, flash, utc_s, slot)
    return House(nor, fram, well, utc_s, port=port, broker=house.port.broker is not None)


def content(house, size, slot=None):
    """What stands in the slot that runs."""
    slot = house.port.slot if slot is None else slot
    return house.port.flash.read(slot * marks.Slots(house.port.flash).sectors * SECTOR, size)
