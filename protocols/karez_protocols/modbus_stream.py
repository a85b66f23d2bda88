"""Splitting a raw Modbus RTU capture into frames: requests and answers of anybody, and noise.

A capture carries no times, so t3.5 is not there to part frames. What is there: headers with
lengths, CRCs, and the order of question and answer. The frames are those that cover most
bytes (modbus_cover.py); what is between them is explained (modbus_gaps.py); where a frame
can be a request or an answer, the reading with the most pairs of both is taken.

Bytes of 00 before and behind a frame are skipped: a floating line makes them.
"""

from .exchange import Failure, Reply
from .modbus_cover import good_frames
from .modbus_gaps import Stray, explained
from .modbus_messages import Written, is_answer, is_broadcast
from .piece import Piece

_PAIR = 2  # an answer to the request before it
_COPY = 1  # an answer that is its question byte for byte: rather an echo of the question
_ORPHAN = -1  # an answer to nothing: rather a request, which may stay unanswered


def is_reply(message):
    """True if a station sent this."""
    return isinstance(message, (Reply, Written, Failure))


def _entries(data):
    """Yield (start, end, readings or None, error or None) in the order of the capture."""
    at = 0
    asked = None
    for start, end, messages in good_frames(data):
        for entry in explained(data, at, start, asked):
            yield entry
        yield start, end, messages, None
        asked = None if is_reply(messages[0]) else messages[0]
        at = end
    for entry in explained(data, at, len(data), asked):
        yield entry


def _answer_score(asked, message, first):
    """Return what an answer is worth; `first`: the first reading of its frame, a question's if any."""
    if not asked or not is_answer(asked, message):
        return _ORPHAN
    return _COPY if isinstance(message, Reply) and first == asked else _PAIR


def _next_states(states, messages):
    """Return (score, request that waits, index of the state before) of each reading of a frame."""
    found = []
    for message in messages:
        best = None
        waits = None if is_reply(message) or is_broadcast(message) else message
        for index, (before, asked, _) in enumerate(states):
            score = before
            if is_reply(message):
                score += _answer_score(asked, message, messages[0])
            if best is None or score > best[0]:
                best = (score, waits, index)
        found.append(best)
    return found


def _read(frames):
    """Return the message of each frame (a list of readings), so that most answers have a question."""
    states = [(0, None, 0)]
    steps = []
    for messages in frames:
        states = _next_states(states, messages)
        steps.append([state[2] for state in states])
    at = 0
    for index in range(1, len(states)):
        if states[index][0] > states[at][0]:
            at = index
    told: list = []
    for index in range(len(frames) - 1, -1, -1):
        told.append(frames[index][at])
        at = steps[index][at]
    told.reverse()
    return told


def pieces(data):
    """Return the Pieces of a capture: typed messages, and errors for what is none.

    Time and memory grow with the capture's length alone. Raises nothing.
    """
    data = bytes(data)
    if data and not any(data):
        return [Piece(0, len(data), None, Stray("%d stray bytes, all 00" % len(data)))]
    entries = list(_entries(data))
    told = _read([entry[2] for entry in entries if entry[2]])
    found = []
    at = 0
    for start, end, messages, error in entries:
        found.append(Piece(start, end - start, told[at] if messages else None, error))
        if messages:
            at += 1
    return found
