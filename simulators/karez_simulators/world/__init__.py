"""A hostile county in virtual time: one seed is one run (design §11; docs/world.md).

The controllers are the firmware's own App over memories that can be cut at any write. The gateway is the
real one's stages behind an entry point. Everything else is a small model with its truth beside it.
"""
