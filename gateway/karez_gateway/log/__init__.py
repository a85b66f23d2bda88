"""The gateway's append-only transparency log: C2SP tlog-tiles files and signed checkpoints."""
