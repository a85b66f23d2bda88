"""Which release these sources are; the build writes both into the manifest of an image.

`NUMBER` never falls and never repeats: a controller takes no image whose number is lower than the one it
runs (anti-rollback, integrity §5.8). `VERSION` is for people, and is that of the package.
"""

VERSION = "0.1.0"
NUMBER = 1
