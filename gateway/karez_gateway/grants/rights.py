"""What a signed grant allows, as far as the gateway needs to know it: form, signature, ceilings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from karez_gateway.errors import Refused
from karez_gateway.verifier.statements import verifies
from karez_protocols import grant, signed
from karez_protocols.errors import ProtocolError

LITRES_PER_STEP = 100  # finish and emergency allowances count in 0.1 m3


@dataclass(frozen=True, slots=True)
class Right:
    """One grant that is well formed. `rows` as the codec gives them."""

    seq: int
    site: str
    document: str
    rows: tuple[Mapping[str, int], ...]

    def ceiling_l(self, utc_s: int, *, is_time_trusted: bool) -> int | None:
        """The highest W the grant can justify at a time, allowances included; None without a water row.

        With an untrusted clock dates bind nobody, so the highest row counts (design §6, Time).
        """
        limits = [
            row["ceiling"] + LITRES_PER_STEP * max(row["finish_100l"], row["emergency_100l"])
            for row in self.rows
            if row["quantity"] == grant.WATER
            and (not is_time_trusted or row["from_utc_s"] <= utc_s < row["to_utc_s"])
        ]
        return max(limits, default=None)


def read(data: bytes) -> Right:
    """Return the right in a signed grant's bytes, whoever signed it. Raises Refused."""
    try:
        body, _, _ = signed.split(grant.LABEL, data)
        values, rows = grant.decode(body)
    except ProtocolError as error:
        raise Refused(f"this is no grant: {error}") from error
    return Right(values["seq"], values["site"], values["document"], _rows(rows))


def _rows(rows: Sequence[Mapping[str, int]]) -> tuple[Mapping[str, int], ...]:
    return tuple(dict(row) for row in rows)


def check(data: bytes, site: str, regulator_key: bytes) -> Right:
    """Return the right of a grant that the site's regulator signed for this site. Raises Refused."""
    right = read(data)
    if right.site != site:
        raise Refused(f"the grant is for site {right.site}, not {site}")
    _, message, signature = signed.split(grant.LABEL, data)
    if not verifies(regulator_key, signature, message):
        raise Refused(
            f"the regulator in the binding of {site} (key {regulator_key.hex()}) did not sign this grant"
        )
    return right
