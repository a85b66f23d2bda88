"""Tables for others: what is booked, what came, how wells stand, as CSV, XLSX or JSON (docs/api.md)."""
