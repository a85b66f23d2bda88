"""mosquitto's settings for the field link: who may connect, and what each may say (design §9).

A controller is known by its certificate alone, and reads and writes under its own name only; the
gateway reads all of it. One set of tests holds the real broker to these settings and to the bench's.
"""

from pathlib import Path

from karez_gateway.config import LINK_IDENTITY
from karez_protocols import link

FOLDER = "broker"  # in the data directory
CONFIGURATION = "mosquitto.conf"
ACCESS = "access"
PORT = 8883

# Payloads of the link; a broker that keeps no more cannot be filled by one controller.
PACKET_BYTES_MAX = 4096
# For one client, above all the gateway: two frames of each site of a prefecture, whose clocks are right and
# who therefore report in the same second. At most 80 MB.
QUEUED_MAX = 20_000
# Under way to one client without its acknowledgement: with mosquitto's own 20 a county's minute waits for
# hundreds of turns of the gateway.
INFLIGHT_MAX = 256

# `use_username_as_clientid`: a certificate cannot take over (that is, cut) another's connection by
# borrowing its client id. It also means one connection per certificate, the gateway's included.
_CONFIGURATION = """\
# The field link's broker; written by `karez gateway init`. Beside this file belong ca.crt (the authority
# of the controllers' certificates), broker.crt and broker.key; a certificate that was taken back stands
# in the list that `crlfile` names. Install: include_dir in /etc/mosquitto/mosquitto.conf.
listener {port} {host}
allow_anonymous false
cafile {folder}/ca.crt
# crlfile {folder}/revoked.crl
certfile {folder}/broker.crt
keyfile {folder}/broker.key
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
use_username_as_clientid true
acl_file {folder}/{access}
max_packet_size {packet}
max_queued_messages {queued}
max_inflight_messages {inflight}
"""

_KEEPING = """\
persistence true
persistence_location /var/lib/mosquitto/
autosave_interval 60
"""


def configuration(folder: Path, host: str = "0.0.0.0", port: int = PORT, more: str = _KEEPING) -> str:  # noqa: S104 - controllers come from outside
    """Return mosquitto.conf for a folder with the certificates; `more`: what is said behind it."""
    limits = {"packet": PACKET_BYTES_MAX, "queued": QUEUED_MAX, "inflight": INFLIGHT_MAX}
    return _CONFIGURATION.format(folder=folder, host=host, port=port, access=ACCESS, **limits) + more


def access() -> str:
    """Return the access rules: %u is the CN of a certificate, one pattern serves every controller."""
    rules = [f"user {LINK_IDENTITY}"]
    rules += [f"topic read {link.topic('+', leaf)}" for leaf in ("up", "state")]
    rules += [f"topic write {link.topic('+', 'down')}", ""]
    rules += [f"pattern write {link.topic('%u', leaf)}" for leaf in ("up", "state")]
    rules += [f"pattern read {link.topic('%u', 'down')}"]
    return "\n".join(rules) + "\n"


def write(directory: Path) -> Path:
    """Write both files into a data directory; return their folder."""
    folder = directory.absolute() / FOLDER
    folder.mkdir()
    (folder / CONFIGURATION).write_text(configuration(folder))
    (folder / ACCESS).write_text(access())
    (folder / ACCESS).chmod(0o600)  # mosquitto warns of one that others may read
    return folder
