"""Which numbers of a chain have come: the contiguous end, and the runs beyond the first gap."""

from bisect import bisect_right


class SeqRuns:
    """Numbers 1..`end` are all there; `beyond` holds disjoint runs above, in order."""

    def __init__(self, end: int) -> None:
        """Begin with 1..end."""
        self.end = end
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    @property
    def top(self) -> int:
        """The highest number that is there."""
        return self._lasts[-1] if self._lasts else self.end

    def add(self, first: int, last: int) -> None:
        """Add first..last; what is there already changes nothing."""
        if first <= self.end + 1:
            self.end = max(self.end, last)
            self._absorb()
            return
        low = bisect_right(self._lasts, first - 2)  # the first run that touches or overlaps
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first = min(first, self._firsts[low])
            last = max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def _absorb(self) -> None:
        taken = 0
        while taken < len(self._firsts) and self._firsts[taken] <= self.end + 1:
            self.end = max(self.end, self._lasts[taken])
            taken += 1
        del self._firsts[:taken]
        del self._lasts[:taken]
