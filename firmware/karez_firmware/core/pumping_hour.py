"""What was pumped lately, by running time: the span that C4 and C5 judge."""

from karez_protocols.constant import const

BUCKET_MS = const(300_000)
BUCKETS = const(12)  # the whole hour


class PumpingHour:
    """Litres and watt-hours of the last pumping hour, in buckets of five running minutes."""

    def __init__(self):
        self._closed = []
        self._litres = self._wh = self._ms = 0

    def add(self, litres, wh, ms):
        """Count on; True when a bucket is full."""
        self._litres += litres
        self._wh += wh
        self._ms += ms
        if self._ms < BUCKET_MS:
            return False
        if len(self._closed) == BUCKETS:
            self._closed.pop(0)
        self._closed.append((self._litres, self._wh, self._ms))
        self._litres = self._wh = self._ms = 0
        return True

    def sums(self, buckets):
        """Return (litres, wh, ms) of the last full buckets, None when there are not so many."""
        if len(self._closed) < buckets:
            return None
        litres = wh = ms = 0
        for bucket in self._closed[-buckets:]:
            litres += bucket[0]
            wh += bucket[1]
            ms += bucket[2]
        return litres, wh, ms
