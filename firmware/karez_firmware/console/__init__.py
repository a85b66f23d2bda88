"""The console at the well: loaded with a line, given back ten idle minutes after the last (decision 29)."""
