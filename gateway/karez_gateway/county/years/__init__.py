"""Time as a county names it: water years, their months and quarters, and what is planned in them."""
