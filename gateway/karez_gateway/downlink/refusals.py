"""What a controller's refusing events say about the objects on their way to it.

An event tells a cause and, by its digest, which object it is about.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.downlink import overtaking
from karez_gateway.store import downlinks, proofs
from karez_gateway.store.downlinks import SET_ASIDE, Downlink
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, event_details, record

# GRANT_HEAD_UNKNOWN is not among them: it is recorded beside a grant that is accepted.
CAUSES = tuple(
    cause
    for cause, _ in causes.every()
    if event_details.layout(cause) == event_details.OBJECT and cause != causes.GRANT_HEAD_UNKNOWN
)

_NOT_NEWER = (causes.GRANT_REFUSED_SEQ, causes.ORDER_REFUSED_SEQ)
_DETAIL = slice(*PLACES[record.EVENT]["detail"][:2])


def take(connection: Connection, slot: bytes, log_index: int, later: Sequence[Downlink]) -> None:
    """Take an event with one of CAUSES; `later`: undecided objects that were logged before it."""
    cause = slots.head(slot).cause
    digest = event_details.decode(cause, slot[_DETAIL])["digest"]
    for one in later:
        if one.attempts and one.digest.startswith(digest):
            _refuse(connection, one, cause, log_index)
            if cause == causes.ORDER_REFUSED_SEQ:  # a lift of what has not been there shall keep it out
                downlinks.ended(connection, [each.id for each in overtaking.lifted(one, later)])
            return


def _refuse(connection: Connection, one: Downlink, cause: int, log_index: int) -> None:
    """It is refused; unless it is "not newer" because a record shows that the controller has it.

    It came by another way (card, cable), or is there after all where it was thought lost.
    """
    if cause in SET_ASIDE:
        downlinks.set_aside(connection, one.id, cause)
        return
    if cause in _NOT_NEWER and one.checked:
        held = proofs.good_object(connection, one.controller_id, one.sort, one.digest)
        if held is not None:
            downlinks.decided(connection, one.id, downlinks.ACCEPTED, None, log_index)
            return
    downlinks.decided(connection, one.id, downlinks.REFUSED, cause, log_index)
