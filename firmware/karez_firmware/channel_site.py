"""An open channel as a site (design §5): no contactor, and water may always flow.

Loaded only at such a site. What its books follow is the register that core/channel.py counts.
"""

from .core.books import Books
from .core.channel import LAYOUT as LAYOUT  # noqa: PLC0414 - the app takes it from here
from .core.channel import Channel as Channel  # noqa: PLC0414 - the same


class ChannelBooks(Books):
    """Books of a site where nothing can be shut: P counts whenever the level is not known."""

    def tick(self, now_ms, is_closed):  # noqa: ARG002 - there is no contactor
        """Count P while the level is not believed."""
        Books.tick(self, now_ms, True)


def recover(channel, books, head):
    """Take the channel's register up again, and never below what the books have booked of it.

    A record that the head did not know, or a ring without a head, knows W and no register: it is
    computed back from there. Else the first reading would look like a meter that was set back.
    """
    channel.restore(head)
    if books.volume_l is not None:
        booked_l = books.water.segment.register_at(books.volume_l)
        if booked_l > channel.volume_l:
            channel.restore({"channel_l": booked_l})
