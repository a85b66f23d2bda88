"""Rights on their way: a request with its proof to the regulator, the signed ones back to the wells."""
