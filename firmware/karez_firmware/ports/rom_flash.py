"""The flash that a ROMFS lies in, as the slots of updates need it.

The boot freezes this module, so it imports nothing of ours.

On both chips `vfs.rom_ioctl(2, 0)` returns one object that is mapped memory to who reads and a block
device to who writes: esp32.Partition or rp2.Flash (MicroPython: ports/esp32/esp32_partition.c,
ports/rp2/rp2_flash.c).
"""

_SECTOR = 4096
_ERASE = 6  # MicroPython's MP_BLOCKDEV_IOCTL_BLOCK_ERASE
_PAGE = 256  # what an rp2 programs: whole pages, at their places
_EIO = 5


class RomFlash:
    """`device`: a block device; `memory`: the same, mapped. As store.devices has a NOR: all raise OSError."""

    def __init__(self, device, memory):
        self._device, self._memory = device, memory
        self.size = len(memory)

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        return bytes(self._memory[at : at + size])

    def program(self, at, data):
        """Clear the bits that are 0 in `data`, page by page; what stands beside it in a page stays."""
        done = 0
        while done < len(data):
            place = at + done
            inside = place % _PAGE
            part = min(len(data) - done, _PAGE - inside)
            page = bytearray(b"\xff" * _PAGE)  # a one clears no bit
            page[inside : inside + part] = data[done : done + part]
            self._device.writeblocks(place // _SECTOR, page, place % _SECTOR - inside)
            done += part

    def erase(self, sector):
        """Set one sector to ones."""
        if self._device.ioctl(_ERASE, sector):
            raise OSError(_EIO)

    def flush(self):
        """What was written is in the cells: both ports' writes return behind it."""
