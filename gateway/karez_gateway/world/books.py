"""What a world may ask a gateway for: its books as plain values, bundles, and the verifier's word."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from karez_gateway.config import Config
from karez_gateway.controllers import spare
from karez_gateway.errors import GatewayError
from karez_gateway.proofs import evidence
from karez_gateway.store import chains, controllers, entries, ledgers, outboxes, verdicts
from karez_gateway.store.database import Database
from karez_gateway.store.schema import outbox
from karez_gateway.verifier import bundle_check, trust

SEQ_MAX = 0xFFFFFFFE


def facts(store: Database) -> dict[str, Any]:
    """{"waiting": reports that platforms lack, "controllers": {name: {"site", "litres", "chains"}}}."""
    with store.reading() as connection:
        query = select(func.count()).select_from(outbox).where(outbox.c.state == outboxes.WAITING)
        return {
            "waiting": int(connection.execute(query).scalar() or 0),
            "controllers": {
                one.name: {
                    "site": one.site,
                    "litres": ledgers.total(connection, one.site),
                    "chains": [
                        _chain(connection, one.id, number, marks)
                        for number, marks in chains.of_controller(connection, one.id)
                    ],
                }
                for one in controllers.everyone(connection)
            },
        }


def _chain(
    connection: Connection, controller_id: int, number: int, marks: chains.VerifiedMarks
) -> dict[str, Any]:
    stored = chains.stored(connection, (controller_id, number))
    return {
        "chain": number,
        "stored_seq": stored.stored_seq if stored else 0,
        "verified_seq": marks.verified_seq,
        "signed_seq": marks.signed_seq,
        "volume_l": marks.volume_l,
        "quarantined": verdicts.quarantined(connection, controller_id, number),
    }


def spare_facts(store: Database, config: Config, site: str, now_utc_s: int) -> dict[str, Any]:
    """What a spare at this site takes over, by verified records, or {"refused": why}."""
    try:
        with store.reading() as connection:
            found = spare.of_site(connection, config, site, "", now_utc_s)
        return spare.facts(found, Path(f"{site}.spare"))
    except GatewayError as error:
        return {"refused": str(error)}


def digests(store: Database, controller: str, chain: int) -> dict[int, list[str]]:
    """SHA-256 of every slot that is stored of a chain, by its number; two of one number are a fork."""
    found: dict[int, list[str]] = {}
    with store.reading() as connection:
        known = controllers.find(connection, controller)
        if known is not None:
            for seq, digest, _ in entries.keys(connection, known.id, chain, 1, SEQ_MAX):
                found.setdefault(seq, []).append(digest.hex())
    return found


def bundle(store: Database, config: Config, controller: str) -> tuple[bytes, str]:
    """Return the bundle of a controller's newest chain, or b"" and why not; with it, what it leaves out."""
    try:
        found = evidence.export(store, config, controller=controller)
        return found.data, "records {}..{} are left out".format(*found.left_out) if found.left_out else ""
    except GatewayError as error:
        return b"", str(error)


def verify(data: bytes, trust_file: Path) -> dict[str, Any]:
    """Return the report of the verifier that `karez verify` runs, as its --json prints it."""
    return bundle_check.check(data, trust.load(trust_file)).as_json()
