"""All that goes down to controllers: grants, orders, key lists, commands and the time."""
