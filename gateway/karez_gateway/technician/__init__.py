"""`karez tech`: a technician's or an inspector's side of the console at the well (docs/technician.md).

Works offline, from a laptop and one serial cable; imports nothing of the gateway's service.
"""
