"""The prose of the generated pages: purpose, formulas, limits. Tables come from the codecs.

A page is a list of parts: text, ("layout", heading, module.LAYOUT) or ("table", name).
"""

RECORD = [
    """\
# Record: the 128-byte slot

A record is what the controller writes down at one moment: pump, meters and books in one chained
statement. It is the unit of storage, of transmission and of proof; its bytes are never changed or
re-encoded on their way to a court.

A slot is 112 bytes of content and the first 16 bytes of its chain value. Numbers are little-endian. The
content is a header of 24 bytes and 88 bytes by kind. An unknown number is its own state, never a zero:
all bits one for unsigned fields, the most negative value for signed ones. Reserved bytes are zero, and a
reader refuses others.

## Chain

    h_0 = SHA-256("KZ0" ‖ chain number, u32 ‖ signed binding)
    h_i = SHA-256("KZ1" ‖ h_(i−1) ‖ content_i)              slot_i = content_i ‖ first 16 bytes of h_i

Anyone can check a slot that follows another without a secret. A lost store opens chain n + 1 of the same
controller.

The code a person reads from the panel after a stop is the first five bytes of the slot's h as eight
letters of Crockford's alphabet (0–9, A–Z without I, L, O, U).

## Signature

    Ed25519(controller key, "KZ checkpoint 1\\n" ‖ controller name ‖ "\\n" ‖ content of the statement record)

A statement names a record and its full chain value, a signature record carries the signature over the
statement: together they cover every record up to that one. Other records may stand between the two. The
name is defined in binding.md.
""",
    ("table", "kinds"),
    ("layout", "Header, all kinds", "record.HEADER"),
    ("layout", "Measuring kinds: interval, start, stop, event, boot, gap", "record.MEASURING"),
    ("layout", "Interval", "record.INTERVAL_TAIL"),
    ("layout", "Start and stop of an irrigation", "record.IRRIGATION_TAIL"),
    ("layout", "Event", "record.EVENT_TAIL"),
    ("table", "details"),
    "An event that is not in this table has a detail of zeros. Offsets are those of the record.\n",
    ("layout", "Detail: segment", "event_details.SEGMENT"),
    ("layout", "Detail: meter, as a person entered it", "event_details.METER"),
    ("layout", "Detail: ratio of water to energy", "event_details.RATIO"),
    ("layout", "Detail: lock-out", "event_details.LOCKOUT"),
    ("layout", "Detail: task", "event_details.TASK"),
    ("layout", "Detail: what a technician asks for", "event_details.ACT"),
    ("layout", "Detail: a document that replaces another", "event_details.DOCUMENT"),
    ("layout", "Detail: signed object", "event_details.OBJECT"),
    ("layout", "Boot", "record.BOOT_TAIL"),
    ("layout", "Gap: readings come back after an outage", "record.GAP_TAIL"),
    ("layout", "Loss: a full store gave up its oldest sector", "record.LOSS_BODY"),
    ("layout", "Config, binding, grant, order: a signed object takes effect", "record.OBJECT_BODY"),
    ("layout", "Statement", "record.STATEMENT_BODY"),
    ("layout", "Signature record", "record.SIGNATURE_BODY"),
    ("table", "causes"),
    ("table", "pump"),
    ("table", "status"),
    ("table", "alarms"),
    ("table", "meters"),
]

GRANT = [
    """\
# Grant: a signed right to pump

A grant sets absolute ceilings on the registers of a site; the controller verifies it itself and stops at
them, also without a network. Replay, duplicate and reordering are harmless, a cut is the same operation
as an addition, and a new grant replaces the former whole.

    grant = header ‖ rows ‖ Ed25519(regulator key, "KZ grant 1\\n" ‖ header ‖ rows)

It is accepted if signature, site and a higher number hold. A record of kind *grant* names it by SHA-256
over all its bytes, signature included. At most {grant.ROWS_MAX} rows and {grant.SIZE_MAX} bytes: it fits
an NFC tag.

Of the rows of a quantity the one with `from_utc_s` ≤ now < `to_utc_s` holds. The finish allowance is
added for the irrigation in progress when the policy is *finish*. With an untrusted clock dates stop
nobody, ceilings always bind.
""",
    ("layout", "Header", "grant.HEADER"),
    ("layout", "Row (offsets within the row)", "grant.ROW"),
]

ORDER = [
    """\
# Order and key list: what an office instructs

An order stops a well, limits its hours, seals it or lifts an earlier order. The controller verifies it
itself, keeps it over power loss and obeys it without a network. At most {order.SIZE_MAX} bytes.

    order    = header ‖ Ed25519(office key, "KZ order 1\\n" ‖ header)
    key list = header ‖ rows ‖ Ed25519(root key, "KZ keys 1\\n" ‖ header ‖ rows)

An office is an entry of the key list, not a key: what it ordered, its successor key lifts. The root is
office 0; its key is the regulator's key of the binding, and it may sign everything. Without a list it is
the only one. A newer list replaces the former whole; orders in force stay in force.

An order is accepted if

1. it is for this site, or for an area this site lies in;
2. its office may sign orders, and the office's key confirms it;
3. its number is above the last one taken from that office. Numbers count for the office, over all its
   sites and over all its keys: a replayed lift is no lift. What a later number overtook must be issued
   again.

Only the office that gave an order lifts it; the root lifts anything, but nothing that has not come yet.
Areas are stopped or limited, wells are sealed and released one by one. At most 8 orders are in force; the
last place is kept for a stop or a seal. A ninth is refused without using up its number.

| order | holds | cause of the stop |
|---|---|---|
| seal | always; the emergency ceiling yields to it | 42 |
| stop | always | 40; 43 on the area's level, 44 on its volume |
| limit hours | outside its hours, with trusted time; else it is recorded and stops nobody | 41 |

When several hold, the first of 42, 40, 43, 44, 41 is the cause. What is ordered on an area's level or
volume does not stop drinking water. An order with an end is over when trusted time, or without it the
time that has certainly passed, comes to it.

A field that does not apply to the kind is unknown (all bits one).
""",
    ("layout", "Order", "order.HEADER"),
    ("layout", "Key list: header", "key_list.HEADER"),
    ("layout", "Key list: row (offsets within the row)", "key_list.ROW"),
]

BINDING = [
    """\
# Binding: which box stands at which site

The provisioner signs which controller stands at which site, with which meters and under whose grants. The
chain of the controller begins with these bytes (h_0, see record.md), so it can never be shown for another
site.

    binding = header ‖ segments ‖ Ed25519(provisioner key, "KZ binding 1\\n" ‖ header ‖ segments)

## Name

    controller = hexadecimal digits, lower case, of the first 8 bytes of
                 SHA-256("KZ controller 1\\n" ‖ controller key)

A name that follows from the key cannot be taken by another box.

## Books

    W = base + multiplier × (register − register_base)     of the last segment of its quantity

A converted segment of water reads the energy meter that `profile` names; its multiplier is the coefficient,
1 000 000 for one litre per watt-hour. Segments are numbered from 1 in the order they stand in, both
quantities together; those that the controller opens later go on from there (event 134 in record.md).

A binding has at most {binding.SEGMENTS_MAX} segments; older ones live in the gateway's log.
""",
    ("layout", "Header", "binding.HEADER"),
    ("layout", "Segment (offsets within the segment)", "binding.SEGMENT"),
]

LINK = [
    """\
# Field link: controller and gateway

MQTT 3.1.1 over TLS carries raw slots up; down come acknowledgements, signed objects, the gateway's time
and unsigned commands. An acknowledgement means *stored durably*, not *true*; it is no ratchet, a lower one
makes the controller send again from there.

| topic | payload | limit |
|---|---|---|
| `karez/1/<controller>/up` | up header, then raw slots | {link.SLOTS_MAX} slots, for a 2.1 kB buffer |
| `karez/1/<controller>/down` | a signed object behind 02 to 04; or as below | {link.DOWN_SIZE_MAX} bytes |
| `karez/1/<controller>/state` | state, retained; the last will is 01 00 | |
| `karez/1/<controller>/update` | how far an update is: [update-manifest.md](update-manifest.md) | |
""",
    ("layout", "Up header", "link.UP_HEADER"),
    ("layout", "Acknowledgement", "link.ACK_BODY"),
    ("layout", "Time", "link.TIME_BODY"),
    """\
Nobody signs this. It moves a clock that was set from trusted time by 10 minutes a day at most and sets any
other, which then only informs; never before the floor.
""",
    ("layout", "Command", "link.COMMAND_BODY"),
    """\
Nobody signs this either: it is a wish. A start meets every condition of one at the panel, quotes boot and
uptime of the controller's last state, and is dead 180 s ahead of that uptime or after it. A stop reaches no
well of drinking water and leaves no seal.
""",
    ("layout", "State", "link.STATE_BODY"),
]

ENTRY = [
    """\
# Entry: a leaf of the gateway's log

What the gateway received or sent is a leaf of an append-only log before it has an effect. The log is a
Merkle tree of RFC 6962 with C2SP checkpoints, so a leaf can be proved and none can be changed later.

An entry has at most {entry.SIZE_MAX} bytes. An object entry is its header and the signed object, or what
an operator commanded without a signature; an upload entry is its header, the frame sent and the platform's
answer, and nothing behind them. An order for many wells is one object and one entry.
""",
    ("layout", "Record", "entry.RECORD_BODY"),
    ("layout", "Signed object", "entry.OBJECT_HEADER"),
    ("layout", "Command, as an object of sort 128", "entry.COMMAND_OBJECT"),
    ("layout", "Upload", "entry.UPLOAD_HEADER"),
    ("layout", "Origin", "entry.ORIGIN_HEADER"),
    """\
The first entry of a log that follows another one, after a restore for one. Behind the header stand the former
log's last signed checkpoint, as far as it is known, and in UTF-8 why it ended.
""",
    ("layout", "Revocation", "entry.REVOCATION_HEADER"),
    """\
Behind the header stand in UTF-8 who revoked the controller, and why. Its records with a lower index count,
those with a higher one are stored and quarantined.
""",
    ("layout", "Act", "entry.ACT_HEADER"),
    """\
What a person did to the county's books. Behind the header stand in UTF-8 who did it, what sort of act it is,
and why. The digest is SHA-256 of the canonical JSON of what was decided, which the store keeps.
""",
]

BUNDLE = [
    """\
# Evidence bundle

One file proves a well's litres offline: binding, grants, records, and the proofs of the gateway's log.
`karez verify` checks it with nothing but the public keys of the provisioner, the regulator and the log.

    bundle = "KZB1" ‖ sections ‖ SHA-256 of all bytes before

A section is tag (u8) ‖ length (u32, little-endian) ‖ payload. Sections stand in this order; no byte lies
outside a digest or a signature, and one content has one encoding. A file has at most {bundle.SIZE_MAX}
bytes.

| tag | section | times | payload |
|---|---|---|---|
| {bundle.BINDING} | binding | 1 | the signed binding, see binding.md |
| {bundle.GRANT} | grant | any | a signed grant, see grant.md; rising number |
| {bundle.RECORDS} | records | 1 | chain (u32) ‖ h before the first slot (32) ‖ slots, see record.md |
| {bundle.LOG} | log | 0 or 1 | length of the note (u16) ‖ signed note ‖ inclusion proofs |

An inclusion proof is index (u64) ‖ length of the entry (u16) ‖ entry (see entry.md) ‖ number of hashes
(u8, at most 63) ‖ hashes of 32 bytes, the leaf's sibling first (RFC 6962, 2.1.1). The note is a C2SP
checkpoint: origin, size and root, signed.

## What a verifier checks

1. The digest, and that sections and fields have their shape.
2. The binding under the provisioner's key; the controller's name from its key; the regulator's key among
   the trusted ones.
3. If the first record is number 1: h before it is h_0 of this binding.
4. Each slot follows the one before. Numbers rise by one; a gap is allowed where a loss record names all
   of it. Behind a gap the chain goes on from the next statement with a valid signature, whose covered h
   is taken for the record it names.
5. Each statement names the chain value the chain really has; each signature holds over its statement; a
   signed statement that contradicts the chain is a refusal wherever it lies. A record is *proved* if its
   chain, unbroken, leads to a signed statement; the statement itself is, if it stands next to the record
   it covers.
6. Each grant: signature, site, rising number. Each grant record names a grant of the bundle by digest and
   length. The number in force never falls. No start or stop claims a ceiling above the rows of its grant,
   allowances included, that hold between start and stop (all rows when the clock is not synchronised).
7. W never falls. Segments: events 134 and 135 (record.md) name the segment in force from then on; 134, and a
   135 whose number was not seen before, begin one. Its number is higher than that of every segment before,
   of either quantity; W (or E) in that record is not below its base. The segment that records name never
   falls.
8. The checkpoint under a trusted log key of the same name as its origin; each proof against its root; no
   index twice. A logged record of this chain with the number of one in the file is the same record.
9. An upload: the answer has the station, function and counter (FCB) of the report and the other
   direction, and the volume of the first channel is floor(W / 1000) of the record it names.
10. An order record whose digest is that of an order in the log has that order's number and length.

What is not a refusal is shown: boots, gaps, losses, a pump that ran without a start, the tail that is not
yet signed, segments that no person has confirmed (provisional), a number that was skipped or that no event
explains, and a leap of W: more than 1.25 × rated flow since the last record in which nothing was held, P
taken up by a new segment apart.

## Litres by method

What W rose by between two measuring records has the method of the later one. Where event 134 opens a segment
of water, W takes up what was held, up to the base of the segment: converted if E is known and the record's
own method is metered or the reason is 5 (the second meter takes over), else estimated. Reason 4 (a new
coefficient) takes nothing up. What is above the base has the method of the record.

## Two chains of one controller

A bundle holds one chain. A controller that lost its record store goes on as chain n + 1: the same key and
binding, a new h_0 with the number n + 1, and an event 152 near its beginning. Of the same well, the bundle
of chain n proves the litres up to its last signed record, that of chain n + 1 those from its first one on.
What lies between is the difference of W from the one to the other: it never is negative, and no record says
when it flowed. A bundle that shows the beginning of chain n + 1 without event 152 is shown as such.
""",
]

TECHNICIANS = [
    """\
# List of technicians, and login

Who has the cable reads. Who changes something at a well stands in a list that the root has signed
(the regulator's key of the binding, office 0 of order.md), and proves with his own key that it is he.

    list      = header ‖ rows ‖ Ed25519(root key, "KZ tech 1\\n" ‖ header ‖ rows)
    signature = Ed25519(technician's key, "KZ login 1\\n" ‖ challenge)

A newer list replaces the former whole: that is how a technician's key gets its successor, and how a lost
one ends. At most {technicians.ROWS_MAX} rows and {technicians.SIZE_MAX} bytes: it fits one object of the
controller's NOR. With an untrusted clock dates stop nobody.

The challenge names the controller: what is signed for one box proves nothing to another.
""",
    ("layout", "Header", "technicians.HEADER"),
    ("layout", "Row (offsets within the row)", "technicians.ROW"),
    ("layout", "Challenge", "technicians.CHALLENGE"),
]

UPDATE_MANIFEST = [
    """\
# Manifest of an update

It says which image is for which board, and names every chunk of it by its digest. Two parties sign it, each
under a label of its own, so that no signature passes as the other's. Neither alone changes what runs at a
well.

    manifest = header ‖ digests ‖ vendor's signature ‖ regulator's signature
    vendor's signature    = Ed25519(vendor key, "KZ firmware vendor 1\\n" ‖ header ‖ digests)
    regulator's signature = Ed25519(regulator key, "KZ firmware regulator 1\\n" ‖ header ‖ digests)

The vendor's public key lies in the image that runs, the regulator's in the binding; they are two keys. Digest
i is the SHA-256 of chunk i, 32 bytes each. A chunk is {update_manifest.CHUNK_SIZE} bytes, a sector of
flash; the last one may be shorter. At most {update_manifest.CHUNKS_MAX} chunks and
{update_manifest.SIZE_MAX} bytes: it fits one sector. Test vectors: `tests/vectors/update_manifest.json`.
""",
    ("layout", "Header", "update_manifest.HEADER"),
    """\
## Over the field link

The gateway sends steps on the topic *down*, behind a byte of {link.UPDATE}, with at most
{update_link.DATA_MAX} bytes of data; the controller answers each on the topic *update* with what it has and
what it wants next. A step that comes twice or too early changes nothing: whoever does not know how far it is
asks, and sends from there.
""",
    ("layout", "Step, down", "update_link.STEP"),
    ("layout", "Status, up", "update_link.STATUS"),
]

PAGES = {
    "record": RECORD,
    "grant": GRANT,
    "order": ORDER,
    "binding": BINDING,
    "link": LINK,
    "entry": ENTRY,
    "bundle": BUNDLE,
    "technicians": TECHNICIANS,
    "update-manifest": UPDATE_MANIFEST,
}
