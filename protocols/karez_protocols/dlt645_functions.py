"""The functions of DL/T 645: bits 4 to 0 of the control code, and their names in the facts of a decoder."""

READ_1997 = 0x01
SECURITY = 0x03
BROADCAST_TIME = 0x08
READ = 0x11
READ_NEXT = 0x12
READ_ADDRESS = 0x13
WRITE = 0x14
WRITE_ADDRESS = 0x15
FREEZE = 0x16
CHANGE_RATE = 0x17
CHANGE_PASSWORD = 0x18
CLEAR_DEMAND = 0x19
CLEAR_METER = 0x1A
CLEAR_EVENTS = 0x1B
RELAY = 0x1C
TERMINAL_OUTPUT = 0x1D
VENDOR = 0x1F  # a factory command of one maker: not the standard, never sent or answered by us

FUNCTION_NAMES = {
    READ_1997: "read",
    SECURITY: "security",
    BROADCAST_TIME: "broadcast_time",
    READ: "read",
    READ_NEXT: "read_next",
    READ_ADDRESS: "read_address",
    WRITE: "write",
    WRITE_ADDRESS: "write_address",
    FREEZE: "freeze",
    CHANGE_RATE: "change_rate",
    CHANGE_PASSWORD: "change_password",
    CLEAR_DEMAND: "clear_demand",
    CLEAR_METER: "clear_meter",
    CLEAR_EVENTS: "clear_events",
    RELAY: "relay",
    TERMINAL_OUTPUT: "terminal_output",
    VENDOR: "vendor",
}

# Commands whose good reply carries nothing: the meter has taken them.
ACCEPTING = (WRITE, WRITE_ADDRESS, FREEZE, CLEAR_DEMAND, CLEAR_METER, CLEAR_EVENTS, RELAY)
# Functions whose good reply begins with the identifier asked for, and may be one of several frames.
READING = (READ_1997, READ, READ_NEXT)
