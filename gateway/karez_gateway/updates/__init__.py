"""New firmware over the field link: brought to a few wells, watched, then to the rest (docs/update.md)."""
