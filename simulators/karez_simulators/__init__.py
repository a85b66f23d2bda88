"""Wells, meters, lines, brokers and platforms on a desk."""
