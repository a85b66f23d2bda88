"""Creates a gateway's data directory: settings, log key, empty log, trust file."""

import json
from pathlib import Path

from karez_gateway import config
from karez_gateway.data import LOG, LOG_KEY, LOG_VERIFIER_KEY, TRUST
from karez_gateway.errors import Refused
from karez_gateway.intake import brokerfiles
from karez_gateway.log.errors import LogError
from karez_gateway.log.keys import create_key
from karez_gateway.log.tlog import Tlog
from karez_gateway.verifier.trust import TrustError, parse

_TEMPLATE = """\
# Karez gateway. After a change: restart the service.

[gateway]
name = {name}
data = "."          # database, log and keys, relative to this file
# send_time = false # controllers do not get this machine's time

[broker]            # plain MQTT is for this machine only
host = {broker_host}
port = {broker_port}
# tls_name = "broker.example"     # name in the broker's certificate, if it is not its address
# ca = "link-ca.crt"              # these three belong together
# certificate = "gateway.crt"     # its CN must be "gateway"
# key = "gateway.key"

# [store]           # without it SQLite in `data`; KAREZ_STORE_URL in the environment goes before it
# url = "postgresql://karez@127.0.0.1/karez"

# [metrics]         # /metrics for Prometheus and /health
# port = 9464

[log]
origin = {origin}   # stands in every checkpoint; a restored backup needs a new one

# [[witness]]       # cosigns the log's checkpoints (C2SP tlog-witness); any number of them
# name = "auditor"
# key = "witness.example/w1+1a2b3c4d+BA..."   # its verifier key; give its operator our log.vkey
# url = "https://witness.example/"

[trust]
{provisioner_line}

# [commands]        # what an operator may ask of a pump without anybody's signature
# remote_stop = true
# remote_start = true
# stops_per_hour = 20             # over all wells

# [api]             # read-only JSON, a process of its own: karez gateway api; see docs/api.md
# host = "127.0.0.1"              # another one needs certificate and key
# port = 8080
# certificate = "api.crt"
# key = "api.key"
# utc_offset_h = 8                # of days and months: UTC+8

# [[export]]        # a file for others, each day or month; any number of them
# name = "county"                 # files are called county-2026-10-01.csv
# kind = "ledger"                 # litres; or "records", "status"
# format = "csv"                  # or "xlsx", "json"
# every = "day"                   # or "month"
# at = "01:00"                    # of the day after
# step = "day"                    # of a ledger's rows; or "hour", "month"
# sites = ["well-12"]             # without it all
# folder = "exports"              # relative to this file
# keep = 400                      # newest files; without it all
# language = "zh"                 # of headers and words; or "en"
# bom = true                      # of csv, for spreadsheet programs

# [[destination]]   # a platform; any number of them, each with its own queue
# name = "county"
# level = "county"                # or "city", "province": for status and reports
# kind = "szy206"                 # or "sl651", "mqtt-json"
# host = "127.0.0.1"
# port = 9000
# dialect = "206"                 # or "427"; of sl651 "651", "651-ascii", "651-76", "651-plain"
# every_s = 3600                  # of interval records one an hour; without it all
# [destination.stations]          # site or controller = its address there
# well-12 = "4101050100"
"""


def create(
    directory: Path,
    *,
    name: str,
    origin: str,
    broker_host: str,
    broker_port: int,
    provisioner: str,
    regulators: list[str],
) -> None:
    """Create the directory's files. Raises Refused when one of them exists, ConfigError on a bad value."""
    for existing in (config.FILE, LOG_KEY, LOG, TRUST, brokerfiles.FOLDER):
        if (directory / existing).exists():
            raise Refused(f"{directory / existing} exists already: nothing was changed")
    line = (
        f'provisioner = "{provisioner}"   # signs bindings'
        if provisioner
        else '# provisioner = "…"             # 64 hexadecimal digits: the public key that signs bindings'
    )
    text = _TEMPLATE.format(
        name=json.dumps(name),
        origin=json.dumps(origin),
        broker_host=json.dumps(broker_host),
        broker_port=broker_port,
        provisioner_line=line,
    )
    config.parse(text, f"{directory / config.FILE}")
    trust: dict[str, object] = {"provisioner": provisioner.lower(), "regulator": regulators, "log": []}
    has_trust = bool(provisioner and regulators)
    if has_trust:
        _check_trust(trust)
    directory.mkdir(parents=True, exist_ok=True)
    brokerfiles.write(directory)
    public = _begin_log(directory, origin)
    if has_trust:
        (directory / TRUST).write_text(json.dumps(trust | {"log": [public]}, indent=2) + "\n")
    (directory / config.FILE).write_text(text)


def _begin_log(directory: Path, origin: str) -> str:
    """Make the log's key and the empty log; return its verifier key."""
    try:
        signer = create_key(directory / LOG_KEY, origin)
        Tlog.create(directory / LOG, origin, signer).close()
    except LogError as error:
        raise Refused(str(error)) from error
    public = str(signer.verifier_key)
    (directory / LOG_VERIFIER_KEY).write_text(public + "\n")
    return public


def _check_trust(trust: dict[str, object]) -> None:
    try:
        parse(json.dumps(trust))
    except TrustError as error:
        raise Refused(str(error)) from None
