"""What somebody should look at: rules, what became of it, violations and their evidence packs."""
