"""Where everything stands in FRAM: for each table the offset and the size of one of its two copies.

The first 3 kB of the 4 kB of the smallest part that is meant. A place once given stays: what
stands there is found again by the next version of the firmware.
"""

HEAD = (0, 384)
ACCOUNTS = (768, 512)  # 32 accounts of 10 bytes
CROSS_CHECK = (1792, 128)
PROTECTION = (2048, 64)
END = 2176
