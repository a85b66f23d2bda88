"""Pure decisions: no machine, no clock, no file."""
