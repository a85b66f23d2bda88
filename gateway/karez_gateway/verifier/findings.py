"""What a check found, by name, and where in the file: seq, field, byte range.

Three weights. REJECTED: the evidence does not hold. FLAG: it holds, and says something a
person must look at. NOTE: it limits what is proved, and is normal. Texts are in wording.py.
"""

import dataclasses
from collections.abc import Mapping

REJECTED = "rejected"
FLAG = "flag"
NOTE = "note"

# The weight of every finding. A finding that is not in this table is a programming mistake.
WEIGHTS = {
    # file
    "file_shape": REJECTED,
    "file_digest": REJECTED,
    # binding
    "binding_malformed": REJECTED,
    "binding_signature": REJECTED,
    "binding_unchecked": NOTE,
    "controller_name": REJECTED,
    "regulator_untrusted": REJECTED,
    "genesis": REJECTED,
    "binding_changed": FLAG,
    # chain
    "slot_changed": REJECTED,
    "slot_broken": REJECTED,
    "records_missing": REJECTED,
    "record_repeated": REJECTED,
    "record_out_of_order": REJECTED,
    "record_conflict": REJECTED,
    "seq_jump": REJECTED,
    "record_malformed": REJECTED,
    "chain_number": REJECTED,
    "too_many_breaks": REJECTED,
    "records_lost": FLAG,
    "records_unchained": FLAG,
    # signatures
    "nothing_signed": REJECTED,
    "signature_wrong": REJECTED,
    "signature_without_statement": REJECTED,
    "statement_wrong_head": REJECTED,
    "statement_order": REJECTED,
    "signature_of_earlier": NOTE,
    "tail_unsigned": NOTE,
    # books
    "volume_fell": REJECTED,
    "boot_counter": FLAG,
    "time_went_back": FLAG,
    "pump_without_start": FLAG,
    "start_without_stop": FLAG,
    "stop_without_start": FLAG,
    "still_running": NOTE,
    "began_before": NOTE,
    "volume_unknown": FLAG,
    "volume_leapt": FLAG,
    # segments
    "segment_base": REJECTED,
    "segment_fell": REJECTED,
    "segment_skipped": FLAG,
    "segment_unrecorded": FLAG,
    "segment_rewritten": FLAG,
    "segment_provisional": FLAG,
    "detail_malformed": FLAG,
    # orders and chains
    "order_differs": REJECTED,
    "order_not_included": NOTE,
    "order_signature": REJECTED,
    "order_unconfirmed": NOTE,
    "chain_begun": FLAG,
    "chain_unlinked": FLAG,
    # grants
    "grant_malformed": REJECTED,
    "grant_signature": REJECTED,
    "grant_site": REJECTED,
    "grant_order": REJECTED,
    "grant_missing": REJECTED,
    "grant_digest": REJECTED,
    "grant_seq_fell": REJECTED,
    "ceiling_above_grant": REJECTED,
    "grant_not_included": FLAG,
    "grant_unrecorded": FLAG,
    "grant_issuer": FLAG,
    "grant_head": FLAG,
    "grant_unused": NOTE,
    # log
    "log_absent": NOTE,
    "note_malformed": REJECTED,
    "note_signature": REJECTED,
    "note_unchecked": NOTE,
    "witness_quorum": REJECTED,
    "proof_wrong": REJECTED,
    "entry_malformed": REJECTED,
    "entry_repeated": REJECTED,
    "log_fork": REJECTED,
    "signature_not_logged": FLAG,
    "revoked_before": REJECTED,
    "revoked_since": NOTE,
    # uploads
    "upload_malformed": REJECTED,
    "upload_volume": REJECTED,
    "upload_confirm": REJECTED,
    "upload_unknown_protocol": FLAG,
    "upload_elsewhere": NOTE,
    "upload_broker_only": NOTE,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `code` of WEIGHTS, seq, field name, bytes [first, end) of the file, and facts."""

    code: str
    seq: int | None = None
    field: str | None = None
    span: tuple[int, int] | None = None
    facts: Mapping[str, int | str] = dataclasses.field(default_factory=dict)

    @property
    def weight(self) -> str:
        """REJECTED, FLAG or NOTE."""
        return WEIGHTS[self.code]

    def as_json(self) -> dict[str, object]:
        """The finding for a program; `bytes` is [first, last]."""
        out: dict[str, object] = {"code": self.code, "weight": self.weight}
        if self.seq is not None:
            out["seq"] = self.seq
        if self.field is not None:
            out["field"] = self.field
        if self.span is not None:
            out["bytes"] = [self.span[0], self.span[1] - 1]
        return out | dict(self.facts)


def found(
    code: str,
    *,
    seq: int | None = None,
    field: str | None = None,
    span: tuple[int, int] | None = None,
    **facts: int | str,
) -> Finding:
    """Return a finding; the keyword facts fill its text."""
    return Finding(code, seq, field, span, facts)
