"""Long arithmetic between control steps: one generator at a time, a few slices per turn.

Signatures and grant checks take seconds on a board; the control loop runs between slices
and is at most one slice late (design §4).
"""

from karez_protocols.constant import const

_JOBS_MAX = const(8)  # objects from outside, to be checked; more would be a flood


class Background:
    """A queue of (generator, what to do with its result, what to do if it fails)."""

    def __init__(self):
        self._jobs = []
        self._is_slicing = False  # an error now is the oldest job's own
        self.refused = 0

    @property
    def is_busy(self):
        """True while a job waits or runs."""
        return bool(self._jobs)

    def add(self, slices, done):
        """Queue a generator; `done(result)` is called with what it returns. False when full."""
        if len(self._jobs) >= _JOBS_MAX:
            self.refused += 1
            return False
        self._jobs.append((slices, done, None))
        return True

    def put_next(self, slices, done, failed):
        """Queue a job of our own behind the one at hand: a flood from outside does not hold it up.

        `failed()` is called if it raises. The caller has one at a time.
        """
        self._jobs.insert(1, (slices, done, failed))

    def drop(self):
        """Something here failed: forget the job at hand, unless it was already through."""
        if self._is_slicing:
            self._is_slicing = False
            failed = self._jobs.pop(0)[2]
            if failed:
                failed()

    def run_slice(self):
        """Run one slice of the oldest job; return True while there is more to do."""
        if not self._jobs:
            return False
        slices, done, _ = self._jobs[0]
        self._is_slicing = True
        try:
            next(slices)
        except StopIteration as end:
            self._jobs.pop(0)
            self._is_slicing = False
            done(end.value)
        self._is_slicing = False
        return bool(self._jobs)
