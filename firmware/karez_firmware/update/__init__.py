"""An update of the firmware: taken into the spare slot, tried, kept or given back (docs/update.md)."""
