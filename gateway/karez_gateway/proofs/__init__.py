"""What is handed to others as proof: evidence bundles, checkpoints, and acts held against the log."""
