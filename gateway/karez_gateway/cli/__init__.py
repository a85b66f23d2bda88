"""`karez gateway …`: the verbs of the county's side, one module a group, each imported only when it is asked for."""
