"""What must hold in the registry: a table of rules by what they are about, and what they know beside it."""
