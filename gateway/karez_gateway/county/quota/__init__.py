"""Quota: limits that add up, plans of every well, transfers, prices, and the close of a year.

Pure: a `Registry`, litres used and a year come in; findings, volumes and proposals come out. What is to be
kept goes through `county/registry/changing.py` with one act; litres are whole numbers everywhere.
"""
