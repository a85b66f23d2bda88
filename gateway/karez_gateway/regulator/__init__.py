"""`karez regulator`: the office that signs rights and orders, and trusts no gateway (design §10).

It imports nothing of the service. What it signs follows from its own limits, its own memory of what it
signed before, and what controllers signed; a gateway only says what it wishes.
"""
