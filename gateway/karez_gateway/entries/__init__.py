"""Where an entry stands: table and log in one order, origins, and what a restore means for them."""
