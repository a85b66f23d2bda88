"""The county side: ingest, log, verify, ledger, upload, and the host-side tools."""
