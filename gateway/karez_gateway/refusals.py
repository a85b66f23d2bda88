"""What a controller's refusing events say about the objects on their way to it.

An event tells a cause and, if the controller could read so far, the object's number. A refused
order often has no number in its event (0), so its first refusal is only a doubt: it is sent once
more, and the second refusal counts. A duplicate that was still under way explains one, not two.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.store import downlinks, proofs
from karez_gateway.store.downlinks import LANE, SET_ASIDE, Downlink
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, record

# 115 (head unknown) is not among them: it is recorded beside a grant that is accepted.
_GRANT_CAUSES = (
    causes.GRANT_REFUSED_SIGNATURE,
    causes.GRANT_REFUSED_SITE,
    causes.GRANT_REFUSED_SEQ,
    causes.GRANT_REFUSED_FORM,
    causes.GRANT_REFUSED_HEAD,
)
_LANE_CAUSES = (
    causes.ORDER_REFUSED_SIGNATURE,
    causes.ORDER_REFUSED_SITE,
    causes.ORDER_REFUSED_SEQ,
    causes.ORDER_REFUSED_FORM,
    causes.ORDER_REFUSED_OFFICE,
    causes.ORDER_REFUSED_FULL,
)
CAUSES = _GRANT_CAUSES + _LANE_CAUSES

# Of orders alone: a list knows no site, no office and no room.
_ORDERS_ONLY = (causes.ORDER_REFUSED_SITE, causes.ORDER_REFUSED_OFFICE, causes.ORDER_REFUSED_FULL)
_MALFORMED = (causes.GRANT_REFUSED_FORM, causes.ORDER_REFUSED_FORM)
_NOT_NEWER = (causes.GRANT_REFUSED_SEQ, causes.ORDER_REFUSED_SEQ)

_SUBJECT = slice(*PLACES[record.EVENT]["subject"][:2])


def take(connection: Connection, slot: bytes, log_index: int, later: Sequence[Downlink]) -> None:
    """Take an event with one of CAUSES; `later`: undecided objects that were logged before it."""
    cause = slots.head(slot).cause
    subject = int.from_bytes(slot[_SUBJECT], "little")
    if cause in _GRANT_CAUSES:
        _refuse_grant(connection, cause, subject, log_index, later)
    else:
        _refuse_in_lane(connection, cause, subject, log_index, later)


def _refuse_grant(
    connection: Connection, cause: int, subject: int, log_index: int, later: Sequence[Downlink]
) -> None:
    grants = [one for one in later if one.sort == record.GRANT]
    if cause in _MALFORMED:  # the controller could not read a number in it
        named = [one for one in grants if one.object_seq is None]
    else:
        named = [one for one in grants if one.object_seq == subject]
    if cause == causes.GRANT_REFUSED_SIGNATURE:  # rather the one that we could not check either
        named.sort(key=lambda one: one.checked)
    if not named:
        return
    _decide(connection, named[0], cause, log_index)


def _refuse_in_lane(
    connection: Connection, cause: int, subject: int, log_index: int, later: Sequence[Downlink]
) -> None:
    one = _meant(cause, subject, later)
    if one is None:
        return
    is_doubt = subject == 0 and cause not in _MALFORMED
    is_second = one.cause == cause and (one.cause_attempts or 0) < one.attempts
    if cause in SET_ASIDE or (is_doubt and not is_second):
        if one.cause != cause:
            downlinks.doubted(connection, one.id, cause, one.attempts)
        return
    _decide(connection, one, cause, log_index)


def _decide(connection: Connection, one: Downlink, cause: int, log_index: int) -> None:
    """It is refused; unless it is "not newer" because a record shows that the controller has it.

    It came by another way (card, cable), or is there after all where it was thought lost.
    """
    if cause in _NOT_NEWER and one.checked:
        held = proofs.good_object(connection, one.controller_id, one.sort, one.digest)
        if held is not None:
            downlinks.decided(connection, one.id, downlinks.ACCEPTED, None, log_index)
            return
    downlinks.decided(connection, one.id, downlinks.REFUSED, cause, log_index)


def _meant(cause: int, subject: int, later: Sequence[Downlink]) -> Downlink | None:
    """The object on its way that an event means; those set aside last, then in the order of sending."""
    found = [one for one in later if one.sort in LANE and one.attempts]
    if cause in _ORDERS_ONLY:
        found = [one for one in found if one.sort == record.ORDER]
    if cause in _MALFORMED:
        found = [one for one in found if one.object_seq is None]
    elif subject:
        found = [one for one in found if one.object_seq == subject]
    found.sort(key=lambda one: (one.cause in SET_ASIDE, one.checked if subject else False, one.id))
    return found[0] if found else None
