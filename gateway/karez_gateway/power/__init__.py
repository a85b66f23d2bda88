"""The power company's months, and the wells of a feeder against its own meter."""
