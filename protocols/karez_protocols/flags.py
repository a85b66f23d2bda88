"""Status and alarm bits of a measuring record: one meaning for ever (design §8).

`status` says what is so just now; `alarms` what somebody should look at, until it is over.
"""

# Controller status, 16 bits.
COMMANDED = 1  # we hold the contactor closed
AUX_CLOSED = 2
POWER_PRESENT = 4
FLOW_PRESENT = 8
BOOKS_KNOWN = 16
HEAD_REBUILT = 32
STARTED_UNSIGNED = 64  # the start did not wait for the signature over the last stop
FRAM_DEAD = 128  # the head is kept in NOR: evidence tier C from here on
PROVISIONAL = 256  # a segment that no person has confirmed yet
LOCKED_OUT = 512
EMERGENCY = 1024  # the emergency ceiling is open
TRIPPED = 2048  # the second trip is held
ORDERED = 4096  # an order stops, limits or seals
DOOR_OPEN = 8192


# Alarms, 32 bits.
NOT_STOPPED = 1
NOT_STARTED = 2
UNCERTAIN = 4
FOREIGN_RUN = 8  # C3
WATER_SILENT = 16
ENERGY_SILENT = 32
STORE_FAILED = 64
NO_WATER = 128  # C1
NO_ENERGY = 256  # C2
RATIO = 512  # C4
IMPOSSIBLE = 1024  # C5
CHANNELS = 2048  # C6
REVERSED = 4096
STUCK = 8192
FROZEN = 16384
PROTECTION = 32768
TASK = 65536
QUIET = 131072
OVERDUE = 262144  # provisional for more than 30 days
FRAM = 524288
KEY_COPY = 1048576
LEVEL_SILENT = 2097152
WITNESS_SILENT = 4194304  # the second water meter, which rules nothing (C6)
