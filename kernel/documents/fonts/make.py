#!/usr/bin/env python3
"""Cuts the embedded fonts out of Debian's package fonts-noto-cjk.

    pip install fonttools pypinyin-dict
    python3 make.py [--source /usr/share/fonts/opentype/noto]

Only needed when the set of characters changes; the results are committed. See README.md.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection
from pypinyin_dict.pinyin_data.ktghz2013 import pinyin_dict

FEATURES = ["ccmp", "chws", "halt", "kern", "locl", "palt"]


def double_byte(codec, lead, trail):
    """The characters of the two-byte rows of a legacy character set."""
    found = set()
    for a in lead:
        for b in trail:
            try:
                found |= {ord(c) for c in bytes([a, b]).decode(codec)}
            except UnicodeDecodeError:
                pass
    return {c for c in found if not 0xE000 <= c <= 0xF8FF}


GB2312 = double_byte("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF))
GB2312_LEVEL_1 = double_byte("gb2312", range(0xA1, 0xD8), range(0xA1, 0xFF))
BIG5_LEVEL_1 = double_byte("big5", range(0xA4, 0xC7), range(0x40, 0xFF))
# 通用规范汉字表, 8,105 characters (Unihan kTGHZ2013).
GENERAL_STANDARD = set(pinyin_dict)
COMMON = {
    c
    for lo, hi in [
        (0x20, 0x7E), (0xA0, 0x17F), (0x2000, 0x206F), (0x20AC, 0x20AC), (0x2103, 0x2103), (0x2116, 0x2122),
        (0x2160, 0x217F), (0x2190, 0x2193), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x2500, 0x257F),
        (0x25A0, 0x25CF), (0x2605, 0x2606), (0x2610, 0x2612), (0x2713, 0x2717), (0x3000, 0x303F),
        (0x3200, 0x32FF), (0x3380, 0x33DF), (0xFF00, 0xFFEF),
    ]
    for c in range(lo, hi + 1)
}

FACES = [
    ("NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "NotoSerifCJKsc-Regular-subset.otf",
     COMMON | GB2312 | GENERAL_STANDARD | BIG5_LEVEL_1, GB2312 | GENERAL_STANDARD),
    ("NotoSansCJK-Bold.ttc", "Noto Sans CJK SC", "NotoSansCJKsc-Bold-subset.otf",
     COMMON | GB2312_LEVEL_1, GB2312_LEVEL_1),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=Path("/usr/share/fonts/opentype/noto"))
    source = parser.parse_args().source
    here = Path(__file__).parent
    for file, family, target, wanted, required in FACES:
        collection = TTCollection(source / file, lazy=True)
        font = next(f for f in collection.fonts if f["name"].getDebugName(1) in (family, family + " Bold"))
        options = subset.Options()
        options.layout_features = FEATURES
        options.hinting = False
        options.notdef_outline = True
        options.drop_tables += ["DSIG", "VORG", "vhea", "vmtx"]
        cut = subset.Subsetter(options)
        cut.populate(unicodes=wanted)
        cut.subset(font)
        absent = sorted(required - set(font.getBestCmap()))
        font["head"].modified = font["head"].created
        font.recalcTimestamp = False
        font.save(here / target)
        size = (here / target).stat().st_size
        print(f"{target}: {len(font.getBestCmap())} characters, {size:,} bytes, required but absent: "
              f"{''.join(map(chr, absent)) or 'none'}")


if __name__ == "__main__":
    main()
