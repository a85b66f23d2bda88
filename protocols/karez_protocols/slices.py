"""Long arithmetic in short slices: a generator that yields between them and returns its result.

The controller runs its control loop at every yield (one slice of slack); a desk
just runs it through.
"""


def finish(slices):
    """Run a generator of slices to its end; return what it returns."""
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value
