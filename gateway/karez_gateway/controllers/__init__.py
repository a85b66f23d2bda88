"""The boxes: who stands where since when, how one becomes known, is replaced, and is believed no more."""
