"""One file per board family, the same calls in each."""
