"""Alarms: pure rules over registry, use and what wells sent; a state machine as a table. No SQL, no clock."""
