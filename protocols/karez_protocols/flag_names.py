"""Words for the status and alarm bits of a record (flags.py), for those who read it."""

STATUS_NAMES = (
    "commanded closed|auxiliary contact closed|power present|flow present|books known|head rebuilt|"
    "started before the last stop was signed|FRAM dead|segment provisional|locked out|"
    "emergency ceiling open|second trip held|under an order|door open"
)

ALARM_NAMES = (
    "did not stop|did not start|segment uncertain|runs past the controller|water meter silent|"
    "energy meter silent|store failed|energy without water|water without energy|ratio off|"
    "impossible reading|channels differ|meter counts backwards|meter stands still|"
    "meter repeats itself|protection|task failed|long without acknowledgement|"
    "provisional for too long|FRAM failed|a copy of the key is lost|level probe silent|"
    "second water meter silent"
)


def named(bits, names):
    """Return the words for the bits that are set; `names` is STATUS_NAMES or ALARM_NAMES."""
    words = names.split("|")
    return [words[at] if at < len(words) else "bit %d" % at for at in range(32) if bits >> at & 1]
