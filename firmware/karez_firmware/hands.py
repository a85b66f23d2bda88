"""What comes in over cable and pins, as lines of words: into inputs of the next step."""

import binascii

_BUTTONS = ("start", "emergency", "stop")
CHANGES = ("swap", "confirm", "convert", "takeover", "reset", "steptest")


def take(words, inputs):
    """Put one line into the inputs; return True if control is due at once."""
    name = words[0]
    if name == "aux" and words[1:] in (["0"], ["1"]):
        inputs.aux = words[1] == "1"
    elif name == "door" and words[1:] in (["0"], ["1"]):
        inputs.door = words[1] == "1"
    elif name in _BUTTONS:
        return _press(words, inputs)
    elif name in CHANGES:
        inputs.changes.append(words)
    else:
        return False
    return True


def _press(words, inputs):
    try:
        inputs.buttons.append((words[0], binascii.unhexlify(words[1])))
    except (IndexError, ValueError):
        if words[0] != "stop":
            return False
        inputs.buttons.append(("stop", b""))  # a stop needs no card
    return True
