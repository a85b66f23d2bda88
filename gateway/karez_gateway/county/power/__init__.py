"""The power company: its monthly file read, matched and compared with the controllers; whom it may supply."""
