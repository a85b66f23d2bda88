"""Records as a controller would have written them, with every field that a test does not name unknown."""

from karez_protocols import event_details, fields, record


def slot(kind, seq, **known):
    """A slot of this kind; its chain value is nobody's."""
    values = {"kind": kind, "cause": 0, "time_state": record.TIME_SYNCHRONISED, "seq": seq}
    for layout in record.layouts(kind):
        for name, letter, _, size in fields.each(layout):
            values.setdefault(name, bytes(size) if letter == "b" else None)
    return record.encode({**values, **known}) + bytes(record.SLOT_SIZE - record.CONTENT_SIZE)


def event(seq, cause, detail=None, **known):
    """A slot of an event, with the fields of its detail."""
    packed = fields.pack(event_details.layout(cause), detail) if detail else bytes(24)
    return slot(record.EVENT, seq, cause=cause, detail=packed, **known)
