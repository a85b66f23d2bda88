"""Whether a configuration fits the binding of its box: what the one counts by must stand in the other."""

from karez_protocols import grant, record

from .configuration import BadConfiguration

CHANNEL = "channel"  # profile of a water segment that a rating curve makes (docs/configuration.md)
CONVERTED = (record.CONVERTED, record.CONVERTED_GROUP)


def check(wanted, values, segments):
    """Refuse a Configuration that the binding's values and segments cannot count by. Raises BadConfiguration.

    Unknown is never zero: a meter that the binding counts by must be there to be read.
    """
    quantities = [meter["quantity"] for meter in wanted.meters]
    by_water = [one for one in segments if one["quantity"] == grant.WATER][-1]
    if wanted.curve or by_water["profile"] == CHANNEL:
        _check_channel(wanted.curve, values, by_water)
        return
    needed = "energy" if by_water["method"] in CONVERTED else "water"
    if by_water["method"] != record.ESTIMATED and needed not in quantities:
        raise BadConfiguration(
            "configuration: the binding counts by a meter of %s, and there is none" % needed
        )


def _check_channel(curve, values, by_water):
    """An open channel: the binding says by which version of which curve litres are made."""
    if curve is None:
        raise BadConfiguration("configuration: the binding counts by a channel, and there is none")
    if by_water["profile"] != CHANNEL or by_water["method"] != record.METERED:
        raise BadConfiguration("configuration: the binding counts by no channel")
    # A new curve is a new segment of a new binding: no litre may change its meaning behind it.
    if by_water["coefficient_version"] != curve.version:
        raise BadConfiguration(
            "configuration: the binding counts by version %d of the curve, this is %d"
            % (by_water["coefficient_version"], curve.version)
        )
    if by_water["register_base"] or by_water["multiplier_ppm"] != 1_000_000:
        raise BadConfiguration("binding: a channel's register begins at 0 and counts litres")
    if curve.flow_max_lph > values["rated_flow_lph"]:
        raise BadConfiguration(
            "configuration: the curve reaches %d L/h, the site is rated for %d"
            % (curve.flow_max_lph, values["rated_flow_lph"])
        )
