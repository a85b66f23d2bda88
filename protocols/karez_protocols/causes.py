"""Why something happened: the `cause` byte of a record, one meaning for ever (domain §7).

Stop causes keep their group for people and courts: user 1x, entitlement 2x, schedule 3x,
authority 4x, protection 5x, technical 6x, remote 7x. Refused starts and events share the
byte in other records, from 100 up.
"""

NONE = 0

# A stop, and a start by the same hand.
BUTTON = 10
CARD = 11
PHONE = 12
# A start only.
AUTOMATIC = 13
EMERGENCY = 14

ACCOUNT_EMPTY = 20
WATER_CEILING = 21
ENERGY_CEILING = 22
GRANT_EXPIRED = 24
GRANT_MISSING = 25
OFFLINE_CEILING = 26
WINDOW_OVER = 30
RUN_TIME = 31
ORDER_STOP = 40
ORDER_HOURS = 41
SEALED = 42
AREA_LEVEL = 43
AREA_VOLUME = 44
PHASE_LOSS = 50
OVER_CURRENT = 51
UNDER_VOLTAGE = 52
OVER_VOLTAGE = 53
DRY_RUN = 54
METER_FAULT = 56
NO_WATER = 57
MAINS_LOST = 60
RESTARTED = 61
FEEDBACK_LOST = 62
BOOKS_UNKNOWN = 63
REMOTE = 70

# Further reasons for which a start is refused.
IDENTITY_UNKNOWN = 80
RESTART_DELAY = 81
ALREADY_RUNNING = 82
FOREIGN_CURRENT = 83
NOT_READY = 84
LOCKED_OUT = 85
STORE_DEAD = 87
COMMAND_STALE = 88

# Events, from 100.
START_REFUSED = 100
STARTED_UNSIGNED = 101
EMERGENCY_OPENED = 102
GRANT_REFUSED_SIGNATURE = 110
GRANT_REFUSED_SITE = 111
GRANT_REFUSED_SEQ = 112
GRANT_REFUSED_FORM = 113
GRANT_REFUSED_HEAD = 114
GRANT_HEAD_UNKNOWN = 115
DID_NOT_STOP = 120
DID_NOT_START = 121
TRIPPED = 122
LOCKOUT_BEGAN = 123
LOCKOUT_ENDED = 124
READING_HELD = 130
SEGMENT_UNCERTAIN = 131
METER_SILENT = 132
METER_BACK = 133
SEGMENT_OPENED = 134
SEGMENT_CONFIRMED = 135
METER_CLOSED = 136
METER_OPENED = 137
BACKFLOW = 138
ROLLOVER = 139
WARNING_LINE = 140
WINDOW_IGNORED = 141
QUIET = 142
PROVISIONAL_OVERDUE = 143
REVERSE_FLOW = 144
METER_STUCK = 145
METER_FROZEN = 146
HEAD_REBUILT = 150
STORE_FAILED = 151
CHAIN_BEGUN = 152
FRAM_FAILED = 153
SECTOR_DEAD = 154
TASK_FAILED = 155
KEY_COPY_LOST = 156
CLOCK_STEPPED = 157
ORDER_REFUSED_SIGNATURE = 160
ORDER_REFUSED_SITE = 161
ORDER_REFUSED_SEQ = 162
ORDER_REFUSED_FORM = 163
ORDER_REFUSED_OFFICE = 164
ORDER_ENDED = 165
ORDER_REFUSED_FULL = 166
ENERGY_WITHOUT_WATER = 171
WATER_WITHOUT_ENERGY = 172
RATIO_OFF = 174
RATIO_DRIFT = 175
IMPOSSIBLE = 176
CHANNELS_DIFFER = 177
STEP_TEST = 179
DOOR_OPENED = 180
DOOR_CLOSED = 181
TECHNICIAN_IN = 190
LOGIN_LOCKED = 191
TECHNICIAN_ACTS = 192
TECHNICIANS_TAKEN = 193
CONFIG_REPLACED = 194
UPDATE_ARMED = 195  # the next start tries another image
UPDATE_KEPT = 196
UPDATE_RETURNED = 197  # three starts of it failed: the image before runs again

# One text, not a table: a table of names would cost the controller 4 kB of heap.
_NAMES = """
0 none
10 button
11 card
12 phone
13 automatic restart
14 emergency
20 account empty
21 water ceiling reached
22 energy ceiling reached
24 grant expired
25 no grant
26 offline ceiling reached
30 time window over
31 longest run reached
40 stopped by order
41 hours limited by order
42 sealed by order
43 area level limit
44 area volume limit
50 phase lost
51 over-current
52 under-voltage
53 over-voltage
54 pump runs dry
56 meter fault
57 power but no water
60 mains lost
61 controller restarted
62 contactor feedback lost
63 books not known yet
70 remote
80 card not known here
81 motor must rest before it starts again
82 already running
83 contactor is closed by something else
84 controller is not ready
85 locked out by a protection
87 store has failed
88 command came too late
100 start refused
101 started before the last stop was signed
102 emergency ceiling opened
110 grant refused: signature
111 grant refused: another site
112 grant refused: not newer
113 grant refused: malformed
114 grant refused: unknown head, strict
115 grant names a head this chain does not hold
120 did not stop
121 did not start
122 second trip fired
123 lock-out began
124 lock-out ended
130 reading held
131 register needs a person
132 meter silent
133 meter answers again
134 segment opened
135 segment confirmed
136 meter taken off
137 meter put on
138 backflow, not booked
139 register rolled over
140 warning line
141 outside its window, time not trusted
142 long without acknowledgement
143 provisional for too long
144 meter counts backwards
145 meter stands still while it says flow
146 meter repeats itself to the digit
150 head rebuilt from the ring
151 store failed
152 chain begun anew
153 FRAM failed
154 sector dead
155 task failed
156 a copy of the key is lost
157 clock stepped
160 order refused: signature
161 order refused: another site
162 order refused: not newer
163 order refused: malformed
164 order refused: office not known
165 order ended
166 order refused: too many in force
171 energy without water
172 water without energy
174 ratio off its reference
175 ratio drifts
176 impossible reading
177 two channels differ
179 step test
180 door opened
181 door closed
190 technician logged in
191 login locked after wrong proofs
192 technician acts
193 list of technicians replaced
194 configuration replaced
195 update begun
196 update kept
197 update given back
"""


def name(cause):
    """Return the words for a cause, its number when this version does not know it."""
    # Found in place: splitting the text would cost the panel 3 kB of heap each time it is drawn.
    key = "\n%d " % cause
    at = _NAMES.find(key)
    if at < 0:
        return "cause %d" % cause
    at += len(key)
    return _NAMES[at : _NAMES.find("\n", at)]


def every():
    """Yield (cause, words) in rising order."""
    for line in _NAMES.strip().split("\n"):
        number, words = line.split(" ", 1)
        yield int(number), words
