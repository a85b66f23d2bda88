"""The well controller: pure decisions in `core`, meters in `drivers`, boards in `ports`."""
