"""`karez gateway …`: the verbs of the county's side, one module a group."""
