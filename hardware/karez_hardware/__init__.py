"""Boards as data: what is generated from the tables of this folder, and what is checked about them."""
