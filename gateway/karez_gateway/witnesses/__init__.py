"""Who else has seen the log: witnesses over C2SP tlog-witness, and what the service owes them."""
