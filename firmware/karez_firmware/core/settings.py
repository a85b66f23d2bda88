"""Every setting of the controller: name, default, least, greatest; unknown names are refused.

The configuration is one readable document; this checks its `settings` part whole before
anything of it is taken. What each setting means stands in docs/configuration.md.
"""

# name default least greatest
_TABLE = """
poll_pumping_ms 1000 500 2000
poll_idle_ms 10000 1000 60000
interval_idle_s 900 60 86400
interval_pumping_s 300 60 86400
checkpoint_pumping_s 3600 60 21600
checkpoint_idle_s 21600 60 86400
restart_delay_s 900 0 3600
contactor_delay_ms 60 10 1000
warn_first_percent 80 50 100
warn_percent 90 50 100
utc_offset_min 480 -720 840
run_max_s 0 0 604800
offline_l 0 0 1000000000
quiet_days 14 1 365
voltage_dv 2200 1000 4200
phase_loss_percent 60 0 90
voltage_low_percent 85 0 99
voltage_high_percent 115 101 200
voltage_delay_s 5 1 600
current_ca 0 0 100000
current_percent 125 101 1000
current_delay_s 10 1 600
dry_percent 0 0 90
dry_delay_s 30 5 600
lockout_s 900 60 14400
lockout_trips 3 1 100
no_water_stop_s 300 0 86400
artesian 0 0 1
resume_min_s 60 60 900
resume_max_s 900 60 900
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
