"""Cosignatures in a bundle: both verifiers count the same ones, and a quorum that is asked for is kept."""

import dataclasses
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.verifier import bundle_check, cli
from karez_gateway.verifier.note import Note, VerifierKey
from karez_gateway.verifier.page import Page
from karez_gateway.verifier.trust import TrustError, parse
from karez_protocols import entry
from karez_simulators.witness_notes import WitnessKey

from . import second_verifier
from .bundles import LOG, ORIGIN, TRUST, compact, log_of, without_digest

STAMP = 1_790_000_500
KEYS = [WitnessKey(f"w{number}.example/karez", bytes([number]) * 32) for number in (1, 2, 3)]
WITNESSES = tuple(VerifierKey.parse(str(one)) for one in KEYS)
TRUSTED = dataclasses.replace(TRUST, witnesses=WITNESSES)


def trusting(quorum):
    return dataclasses.replace(TRUSTED, quorum=quorum)


def bundle_with(*lines, is_signed=True):
    """A small bundle; each line is (key, stamp) or bytes, put behind the log's own signature."""
    well = compact()
    note, proofs = log_of([well.record_entry(well.seq)])
    parsed = Note.parse(note)
    if not is_signed:
        note = parsed.text + b"\n"
    for one in lines:
        note += one if isinstance(one, bytes) else one[0].cosign(parsed.text, one[1])
    return well.bundle(note=note, proofs=proofs)


def both(data, trust):
    """The report, after both verifiers have said the same."""
    report = bundle_check.check(data, trust)
    why = second_verifier.verify(
        data,
        trust.provisioner,
        trust.regulators,
        [str(key) for key in trust.logs],
        [str(key) for key in trust.witnesses],
        trust.quorum,
    )[0]
    assert report.is_proved == (why is None), (why, report.rejections)
    return report


def codes(report):
    return [one.code for one in report.rejections]


def test_who_cosigned_is_counted_and_named_with_the_second_it_says():
    data = bundle_with(*((key, STAMP + at) for at, key in enumerate(KEYS[:2])))
    report = both(data, trusting(2))
    assert report.is_proved and report.log.is_verified
    assert (report.log.witnesses, report.log.quorum, report.log.unknown_signatures) == (2, 2, 0)
    assert [(one.name, one.time_s) for one in report.log.cosigned] == [
        ("w1.example/karez", STAMP),
        ("w2.example/karez", STAMP + 1),
    ]
    text = "\n".join(Page(report, "en").lines())
    assert "witnesses: 2, asked for: 2" in text
    assert "cosigned by w2.example/karez, 2026-09-21 14:21:41 UTC" in text
    assert "由 w1.example/karez 会签，2026-09-21 22:21:40 北京时间" in "\n".join(Page(report, "zh").lines())
    shown = json.loads(json.dumps(report.as_json()))
    assert shown["log"]["cosigned"][0] == {"name": "w1.example/karez", "time_s": STAMP}


@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize("quorum", range(4))
def test_a_quorum_is_kept_or_the_evidence_is_refused(count, quorum):
    report = both(bundle_with(*((key, STAMP) for key in KEYS[:count])), trusting(quorum))
    assert report.is_proved == (count >= quorum)
    assert codes(report) == ([] if count >= quorum else ["witness_quorum"])
    if count < quorum:
        line = f"Witnesses you trust that cosigned the checkpoint: {count}; you ask for {quorum}."
        assert line in "\n".join(Page(report, "en").lines())


def test_a_bundle_without_a_log_has_no_witnesses():
    data = compact().bundle()
    assert both(data, trusting(0)).is_proved
    assert codes(both(data, trusting(1))) == ["witness_quorum"]


def test_without_trusted_witnesses_their_lines_are_only_counted_as_unknown():
    data = bundle_with((KEYS[0], STAMP), (KEYS[1], STAMP))
    report = both(data, TRUST)
    assert report.is_proved and (report.log.witnesses, report.log.unknown_signatures) == (0, 2)
    assert "2 signature(s) of keys that are not known here" in "\n".join(Page(report, "en").lines())
    report = bundle_check.check(data)
    assert report.verdict == "consistent" and report.log.witnesses == 0 and not report.log.is_verified


def test_witnesses_do_not_stand_for_the_log_s_own_signature():
    assert codes(both(bundle_with(*((key, STAMP) for key in KEYS), is_signed=False), trusting(1))) == [
        "note_signature"
    ]


def test_one_witness_does_not_count_twice():
    twice = bundle_with((KEYS[0], STAMP), (KEYS[0], STAMP + 9))
    assert codes(both(twice, trusting(1))) == ["note_signature"]
    assert codes(both(twice, trusting(0))) == ["note_signature"]
    as_other = KEYS[1].cosign(b"x", 1)  # w2's signature of something else
    assert codes(both(bundle_with((KEYS[0], STAMP), as_other), trusting(1))) == ["note_signature"]


def test_a_cosignature_of_another_checkpoint_or_under_another_name_does_not_hold():
    text = Note.parse(log_of([b"something else"])[0]).text
    assert codes(both(bundle_with(KEYS[0].cosign(text, STAMP)), trusting(1))) == ["note_signature"]
    borrowed = WitnessKey("w2.example/karez", bytes([1]) * 32)  # w1's key under w2's name
    assert codes(both(bundle_with((borrowed, STAMP)), trusting(1))) == ["witness_quorum"]


def test_a_log_s_plain_signature_by_a_witness_s_key_is_no_cosignature():
    from karez_gateway.verifier.note import Signer, sign_note

    well = compact()
    note, proofs = log_of([well.record_entry(well.seq)])
    signer = Signer("w1.example/karez", bytes([1]) * 32)
    both_signed = sign_note(Note.parse(note).text, LOG, signer)
    assert codes(both(well.bundle(note=both_signed, proofs=proofs), trusting(1))) == ["witness_quorum"]


def test_a_stamp_beyond_2_to_the_63_is_refused():
    for stamp, fits in (((1 << 63) - 1, True), (1 << 63, False)):
        report = both(bundle_with((KEYS[0], stamp)), trusting(1))
        assert report.is_proved is fits
        for language in ("en", "zh"):
            assert Page(report, language).lines()


def test_no_byte_of_a_cosignature_that_is_needed_can_be_changed():
    data = bundle_with((KEYS[0], STAMP))
    line = KEYS[0].cosign(Note.parse(log_of([compact().record_entry(compact().seq)])[0]).text, STAMP)
    start = data.index(line)
    for at in range(start, start + len(line)):
        for bit in (0, 5):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            assert not both(without_digest(bytes(changed)), trusting(1)).is_proved, (at - start, bit)
    for end in range(len(line)):
        assert not both(bundle_with(line[:end]), trusting(1)).is_proved, end


FORMER = log_of([b"x"])[0]


def bundle_in(first, **changed):
    """A small bundle whose log begins with an entry, or has it elsewhere."""
    well = compact()
    entries = [first, well.record_entry(well.seq)]
    note, proofs = log_of(entries, **changed)
    return well.bundle(note=note, proofs=proofs)


def test_a_log_s_first_entry_says_which_one_it_follows():
    first = entry.encode_origin(1_790_000_000, 6, FORMER, "disk lost")
    report = both(bundle_in(first, before=0), TRUST)
    assert report.is_proved and report.log.holds_covering
    follows = report.log.follows
    assert (follows.origin, follows.size, follows.reason) == (ORIGIN, 6, "disk lost")
    assert f"behind the log {ORIGIN} of 6 entries: disk lost" in "\n".join(Page(report, "en").lines())
    assert f"接续日志 {ORIGIN}（6 条）：disk lost" in "\n".join(Page(report, "zh").lines())
    assert json.loads(json.dumps(report.as_json()))["log"]["follows"]["size"] == 6
    report = both(bundle_in(entry.encode_origin(5, 0, b"", "tile lost"), before=0), TRUST)
    assert report.is_proved and (report.log.follows.origin, report.log.follows.size) == ("", 0)


def test_such_an_entry_elsewhere_or_with_a_note_that_is_none_is_refused():
    first = entry.encode_origin(1_790_000_000, 6, FORMER, "disk lost")
    assert codes(both(bundle_in(first, before=5), TRUST)) == ["entry_malformed"]
    for bad in (b"x", FORMER[:-1], FORMER.replace(b"\n6\n", b"\n06\n"), FORMER.replace(b"\n6\n", b"\n\n")):
        data = bundle_in(entry.encode_origin(5, 0, bad, "why"), before=0)
        assert codes(both(data, TRUST)) == ["entry_malformed"], bad
    for cut in range(2, len(first)):
        both(bundle_in(first[:cut], before=0), TRUST)
    for at in range(len(first)):
        for bit in (0, 5, 7):
            changed = bytearray(first)
            changed[at] ^= 1 << bit
            bundle_check.check(bundle_in(bytes(changed), before=0), TRUST)  # raises nothing


TEXT = {
    "provisioner": TRUST.provisioner.hex(),
    "regulator": [TRUST.regulators[0].hex()],
    "log": [str(LOG.verifier_key)],
    "witness": [str(one) for one in KEYS],
    "quorum": 2,
}


def test_a_trust_file_names_witnesses_and_a_quorum():
    assert parse(json.dumps(TEXT)) == trusting(2)
    without = {name: value for name, value in TEXT.items() if name not in ("witness", "quorum")}
    assert parse(json.dumps(without)) == TRUST
    assert parse(json.dumps(TEXT | {"quorum": 0})) == trusting(0)


SAME_AS_LOG = str(VerifierKey("w9", LOG.verifier_key.public_key, 4))
SAME_AS_W1 = str(VerifierKey("w9", WITNESSES[0].public_key, 4))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"quorum": 4}, "from 0 to that of the witnesses, 3"),
        ({"quorum": -1}, "from 0"),
        ({"quorum": "2"}, "from 0"),
        ({"quorum": True}, "from 0"),
        ({"quorum": 1.0}, "from 0"),
        ({"witness": []}, "from 0 to that of the witnesses, 0"),
        ({"log": []}, 'needs a "log"'),
        ({"witness": [str(LOG.verifier_key)], "quorum": 1}, "a log's key, not a witness's"),
        ({"witness": [SAME_AS_LOG], "quorum": 1}, "different keys"),
        ({"witness": [str(KEYS[0]), SAME_AS_W1]}, "different keys"),
        ({"witness": [str(KEYS[0])] * 2}, "the same key twice"),
        ({"witness": "w1"}, "list of texts"),
        ({"witness": ["w1+00000000+AAAA"]}, '"witness"'),
        ({"witnesses": []}, "is not known in a trust file"),
    ],
)
def test_a_slip_in_a_trust_file_never_widens_trust(changed, says):
    with pytest.raises(TrustError, match=says):
        parse(json.dumps(TEXT | changed))


def test_the_command_refuses_what_lacks_a_witness(tmp_path):
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TEXT))
    for count, code in ((2, 0), (1, 1)):
        file = tmp_path / "well.kzb"
        file.write_bytes(bundle_with(*((key, STAMP) for key in KEYS[:count])))
        done = CliRunner().invoke(cli.app, [str(file), "--trust", str(trust), "--lang", "en"])
        assert done.exit_code == code and f"witnesses: {count}, asked for: 2" in done.stdout
        assert ORIGIN in done.stdout
