"""Make the font of the commissioning report, of Roboto (Latin) and Droid Sans Fallback (Chinese).

    python docs/report_font.py Roboto-Regular.ttf DroidSansFallbackFull.ttf

One font, since fpdf2 loses text where it has to change to another one in the middle of a line
(its issue 1772 and neighbours). Needs fontTools, which comes with fpdf2.
"""

import lzma
import sys
import tempfile
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

FONT = Path(__file__).parents[1] / "gateway/karez_gateway/technician/fonts/KarezReport.ttf.xz"
UNITS_PER_EM = 512  # Roboto has 2048, Droid 256; at 10 pt a unit is 0.02 pt
# Latin, Cyrillic and the signs of units; then all Han characters of GBK, their punctuation, full-width forms.
Ranges = tuple[tuple[int, int], ...]  # first and last character
LATIN: Ranges = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x400, 0x45F),
    (0x2010, 0x2027),
    (0x2030, 0x2033),
    (0x20AC, 0x20AC),
)
LATIN += ((0x2122, 0x2122), (0x2212, 0x2212), (0x221A, 0x221A), (0x2248, 0x2248), (0x2260, 0x2265))
HAN: Ranges = ((0x3000, 0x303F), (0x4E00, 0x9FA5), (0xFF00, 0xFFEF))
LEFT_OUT = ("GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "gasp", "prep", "fpgm", "cvt ", "kern", "hdmx")
COPYRIGHT = "© 2011 Google Inc. (Roboto), 2006 Google Corporation (Droid Sans Fallback); Apache License 2.0"
NAMES = {0: COPYRIGHT, 1: "Karez Report", 3: "Karez Report 1", 4: "Karez Report", 6: "KarezReport"}


def part(path: str, ranges: Ranges, folder: str) -> str:
    """Write the wanted characters of a font, scaled; return the new file."""
    font = TTFont(path)
    options = Options(layout_features=[], hinting=False, notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in ranges for code in range(first, last + 1)])
    subsetter.subset(font)
    scale_upem(font, UNITS_PER_EM)
    for tag in LEFT_OUT:
        if tag in font:
            del font[tag]
    out = Path(folder) / Path(path).name
    font.save(out)
    return str(out)


def main(latin: str, han: str) -> None:
    """Write the font into the package."""
    with tempfile.TemporaryDirectory() as folder:
        font = Merger().merge([part(latin, LATIN, folder), part(han, HAN, folder)])
        for record in font["name"].names:
            record.string = NAMES.get(record.nameID, str(record))
        whole = Path(folder) / "whole.ttf"
        font.save(whole)
        packed = lzma.compress(whole.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    FONT.write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
