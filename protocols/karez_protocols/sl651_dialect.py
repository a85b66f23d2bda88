"""What differs between stations and centres that all claim SL 651-2014.

Why each reading is as it is: docs/decisions/0026-sl651-readings.md.
"""

from .errors import NotAllowed

FILL_AA = 0xAA
FILL_FF = 0xFF


class Dialect:
    """One reading of the standard. It is given, never guessed.

    filler         byte that fills a value we do not have; both AA and FF are read
    wide_packets   HEX frames with SYN: 16 bits of length, the direction from the end character
                   (table 22); False: 12 bits and the direction in front, as every known frame has it
    series_words   identifiers in front of the rows of 31H and 38H in HEX, where nothing marks their end
    ascii_space    ASCII: a blank between send time and body is written; read with and without
    user_reports   user defined functions whose body is a report
    elements, settings   further rows in the form of sl651_elements.ELEMENTS, agreed with the platform
    utc_offset_s   the platform's clock minus UTC
    """

    def __init__(
        self,
        filler: int = FILL_AA,
        wide_packets: bool = False,
        series_words: int = 1,
        ascii_space: bool = False,
        user_reports: bytes = b"",
        elements: bytes = b"",
        settings: bytes = b"",
        utc_offset_s: int = 28800,
    ):
        if filler not in (FILL_AA, FILL_FF) or series_words < 1:
            raise NotAllowed("a filler is AA or FF, a series has at least one identifier")
        self.filler = filler
        self.wide_packets = wide_packets
        self.series_words = series_words
        self.ascii_space = ascii_space
        self.user_reports = user_reports
        self.elements = elements
        self.settings = settings
        self.utc_offset_s = utc_offset_s


# Running total and energy have no identifier in the standard: ours, in its user range.
KAREZ_ELEMENTS = b"""\
FF01 FF01 total_l N 11 3 1000
FF02 FF02 energy_wh N 11 3 1000
"""

SL651_2014 = Dialect()
