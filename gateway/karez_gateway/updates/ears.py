"""When the gateway itself could hear nobody: before it was started, and while its broker was away.

A well is silent only for the time in which somebody listened. Pure: `now_s` is passed in.
"""

SPANS_MAX = 1000  # older ones become one: a gateway that was away is patient, never hasty


class Ears:
    """`note` what is so now, often; `deaf` says when it was otherwise."""

    def __init__(self) -> None:
        """Nothing was heard before."""
        self._spans: list[tuple[int, int]] = []
        self._since_s: int | None = 0  # deaf since; None: it listens

    def note(self, now_s: int, *, is_listening: bool) -> None:
        """Take what is so now."""
        if is_listening and self._since_s is not None:
            self._spans.append((self._since_s, now_s))
            self._since_s = None
            if len(self._spans) > SPANS_MAX:
                self._spans[:2] = [(self._spans[0][0], self._spans[1][1])]
        elif not is_listening and self._since_s is None:
            self._since_s = now_s

    def deaf(self, now_s: int) -> tuple[tuple[int, int], ...]:
        """Return the spans, oldest first, the one that lasts until now among them."""
        lasts = () if self._since_s is None else ((self._since_s, now_s),)
        return (*self._spans, *lasts)
