"""Reading what is longer than one DL/T 645 frame: read (11H), then read next (12H) until no more follows.

assembly = Assembly(first_request)
answer = ask(assembly.request)       any bus master
assembly.take(answer)                then `request` is the next one, or None: `data` is whole
"""

from .dlt645 import MORE, Request
from .errors import Malformed, NotAllowed, TooLarge
from .exchange import Failure

_READ = 0x11
_READ_NEXT = 0x12

FRAMES_MAX = 16  # ours, of one reading: a meter that always says "more follows" must come to an end
BYTES_MAX = FRAMES_MAX * 196  # L = 200 less the identifier


class Assembly:
    """One reading of an identifier, over as many frames as the meter needs.

    `request`: what to ask next, None when all is there; `data`: the bytes so far, without
    identifier and sequence numbers; `failure`: the meter's refusal, which ends the reading.
    Raises NotAllowed for a request that is no read (11H).
    """

    def __init__(self, request):
        if request.function != _READ or len(request.data) < 4:
            raise NotAllowed("function %d is no read" % request.function)
        self.request = request
        self.data = b""
        self.failure = None
        self._address = request.address
        self._key = request.data[:4]
        self._sequence = 0

    def take(self, answer):
        """Take the answer to `request`; True when the reading has ended.

        Raises Malformed for a frame out of sequence and TooLarge above FRAMES_MAX; the reading
        has then ended without its end: `request` is None.
        """
        if self.request is None:
            raise NotAllowed("this reading has ended")
        self.request = None
        if isinstance(answer, Failure):
            self.failure = answer
            return True
        self.data += self._part(answer)
        if not answer.function & MORE:
            return True
        self._sequence += 1
        if self._sequence == FRAMES_MAX:
            raise TooLarge("more than %d frames for one identifier" % FRAMES_MAX, FRAMES_MAX)
        self.request = Request(self._address, _READ_NEXT, self._key + bytes((self._sequence,)), 1)
        return False

    def _part(self, answer):
        """Return the data of one answer; those to 12H end with the sequence number they answer."""
        if not self._sequence:
            return answer.data
        if not answer.data or answer.data[-1] != self._sequence:
            raise Malformed("answer to frame %d carries another number" % self._sequence)
        return answer.data[:-1]
