"""Offline proof of an evidence bundle; imports nothing of the service."""
