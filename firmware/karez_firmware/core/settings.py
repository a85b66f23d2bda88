"""Every setting of the controller: name, default, least, greatest; unknown names are refused.

The configuration is one readable document; this checks its `settings` part whole before
anything of it is taken.
"""

# name default least greatest            why these bounds
_TABLE = """
poll_pumping_ms 1000 500 10000
poll_idle_ms 10000 1000 60000
interval_idle_s 900 60 86400
interval_pumping_s 300 60 86400
checkpoint_pumping_s 3600 60 21600
checkpoint_idle_s 21600 60 86400
restart_delay_s 900 0 3600
contactor_delay_ms 60 10 1000
warn_percent 90 50 100
"""


class BadSetting(Exception):
    """A setting that is unknown, not a whole number or outside its range."""


def check(given):
    """Return every setting as {name: value}, defaults filled in. Raises BadSetting."""
    settings = {}
    for line in _TABLE.strip().split("\n"):
        name, default, least, greatest = line.split()
        value = given.get(name, int(default))
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadSetting("%s = %r is not a whole number" % (name, value))
        if not int(least) <= value <= int(greatest):
            raise BadSetting("%s = %d is outside %s..%s" % (name, value, least, greatest))
        settings[name] = value
    for name in given:
        if name not in settings:
            raise BadSetting("setting %r is not known" % name)
    return settings
