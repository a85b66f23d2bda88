"""Meters and storage behind narrow calls."""
