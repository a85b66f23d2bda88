"""Long arithmetic between control steps: one generator at a time, a few slices per turn.

Signatures and grant checks take seconds on a board; the control loop runs between slices
and is at most one slice late (design §4).
"""

from karez_protocols.constant import const

_JOBS_MAX = const(8)  # a checkpoint and a few grants; more would be a flood


class Background:
    """A queue of (generator, what to do with its result)."""

    def __init__(self):
        self._jobs = []
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
        self._jobs.append((slices, done))
        return True

    def drop(self):
        """Forget the job at hand: it failed."""
        if self._jobs:
            self._jobs.pop(0)

    def run_slice(self):
        """Run one slice of the oldest job; return True while there is more to do."""
        if not self._jobs:
            return False
        slices, done = self._jobs[0]
        try:
            next(slices)
        except StopIteration as end:
            self._jobs.pop(0)
            done(end.value)
        return bool(self._jobs)
