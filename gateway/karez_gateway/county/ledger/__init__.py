"""The county's ledger (取用水台账): corrections, closed months, roll-ups, and where each litre is from."""
