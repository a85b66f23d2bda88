"""`karez decode`: what is this frame? One decoder per protocol, nothing of the service."""
