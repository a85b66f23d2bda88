"""The county's reports: what a period's books say, as tables in two languages, on paper and in files."""
