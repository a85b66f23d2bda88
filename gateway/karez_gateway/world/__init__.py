"""The gateway's stages for a world in virtual time: bytes and topics in, bytes and topics out.

Simulators never import the gateway (docs/decisions/0045-the-world-runs-the-real-core.md). They find
`county.County` under the entry point group `karez.world`, and what passes between the two is what would
pass over a wire, or lie in a file that somebody carries.
"""
