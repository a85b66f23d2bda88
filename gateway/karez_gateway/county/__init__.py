"""The county's books: who may take what where, and who decided so (design §10).

Pure parts take rows and give rows: kinds and fields of the registry, its checks, quota, closing of years.
Each idea has its room: `registry/`, `checks/`, `files/`, `years/`, `quota/`, `ledger/`, `alarms/`, `power/`,
`reports/`; on this floor lie acts, and what reaches over several rooms.
Whatever a person changes is an *act* with author and reason; the log holds it before it counts in money.
"""
