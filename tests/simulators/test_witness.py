"""The bench's witness: every answer tlog-witness asks for, in its order, and a state that never goes back."""

import base64
import hashlib
import http.client
import json
import signal
import subprocess
import sys
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_simulators.witness import BODY_BYTES_MAX, Witness, parse
from karez_simulators.witness_notes import (
    EMPTY_ROOT,
    BadNote,
    LogKey,
    SignedCheckpoint,
    WitnessKey,
    key_id,
    verifier_key,
)
from karez_simulators.witness_server import WitnessServer
from karez_simulators.witness_state import Seen, StateLost, StateTaken, WitnessState
from karez_simulators.witness_tree import is_consistent

NOW = 1_790_000_000
ORIGIN = "log.example/county"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_PUBLIC = LOG.public_key().public_bytes_raw()
LOG_KEY = LogKey(ORIGIN, LOG_PUBLIC)
KEY = WitnessKey("w1.example", bytes([7]) * 32)


def hash_of(data):
    return hashlib.sha256(data).digest()


def root(leaves):
    """RFC 6962, 2.1, as it stands there."""
    if len(leaves) < 2:
        return hash_of(b"\0" + leaves[0]) if leaves else hash_of(b"")
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hash_of(b"\1" + root(leaves[:k]) + root(leaves[k:]))


def proof(m, leaves, is_known=True):
    """PROOF(m, D[n]) of RFC 6962, 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if is_known else [root(leaves)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return [*proof(m, leaves[:k], is_known), root(leaves[k:])]
    return [*proof(m - k, leaves[k:], False), root(leaves[:k])]


def entries(count, tag=b"entry"):
    return [b"%s %d" % (tag, number) for number in range(count)]


def line_of(private, name, kind, text):
    public = private.public_key().public_bytes_raw()
    raw = key_id(name, kind, public) + private.sign(text)
    return f"— {name} {base64.b64encode(raw).decode()}\n".encode()


def note(leaves, origin=ORIGIN, private=LOG, size=None, root_hash=None):
    size = len(leaves) if size is None else size
    shown = base64.b64encode(root_hash or root(leaves)).decode()
    text = f"{origin}\n{size}\n{shown}\n".encode()
    return text + b"\n" + line_of(private, origin, 1, text)


def body(old, leaves, hashes=None, signed=None):
    if hashes is None:
        hashes = proof(old, leaves) if 0 < old <= len(leaves) else []
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in hashes), "", ""]
    return "\n".join(lines).encode() + (note(leaves) if signed is None else signed)


@pytest.fixture
def witness(tmp_path):
    state = WitnessState(tmp_path / "state")
    yield Witness(KEY, [LOG_KEY], state, lambda: NOW)
    state.close()


def test_it_cosigns_a_first_checkpoint_and_each_that_continues_it(witness):
    size = 0
    for count in (0, 1, 2, 3, 7, 8, 8, 21, 64, 100):
        leaves = entries(count)
        reply = witness.add_checkpoint(body(size, leaves))
        assert (reply.status, reply.content_type) == (200, "text/plain; charset=utf-8"), count
        text = note(leaves).partition(b"\n\n")[0] + b"\n"
        dash, name, encoded = reply.body.decode().rstrip("\n").split(" ")
        raw = base64.b64decode(encoded)
        assert (dash, name, raw[:4]) == ("—", "w1.example", key_id("w1.example", 4, KEY.public))
        assert int.from_bytes(raw[4:12], "big") == NOW
        public = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32).public_key()
        public.verify(raw[12:], b"cosignature/v1\ntime %d\n" % NOW + text)
        size = count
        assert witness.size_of(ORIGIN) == count


def test_it_never_cosigns_what_does_not_continue_what_it_saw(witness):
    leaves = entries(20)
    assert witness.add_checkpoint(body(0, leaves[:9])).status == 200
    forged = [b"other", *leaves[1:]]
    for bad in (
        body(9, forged),  # another history, with its own good proof
        body(9, leaves, [*proof(9, leaves), bytes(32)]),
        body(9, leaves, proof(9, leaves)[:-1]),
        body(9, leaves, proof(9, leaves)[::-1]),
        body(9, leaves, []),
        body(9, leaves, [bytes(32)] * 63),
        body(9, forged[:9]),  # the same size, another root
        body(9, leaves[:9], [bytes(32)]),
    ):
        reply = witness.add_checkpoint(bad)
        assert reply.status == 422, bad
        assert witness.size_of(ORIGIN) == 9
    for at in range(len(proof(9, leaves))):
        for bit in range(0, 256, 37):
            hashes = proof(9, leaves)
            changed = bytearray(hashes[at])
            changed[bit // 8] ^= 1 << bit % 8
            hashes[at] = bytes(changed)
            assert witness.add_checkpoint(body(9, leaves, hashes)).status == 422
    assert witness.add_checkpoint(body(9, leaves)).status == 200


def test_a_proof_where_none_is_needed_is_refused(witness):
    assert witness.add_checkpoint(body(0, entries(3), [bytes(32)])).status == 422


def test_an_empty_log_has_the_one_root_it_can_have(witness):
    signed = note([], root_hash=bytes(32))
    assert witness.add_checkpoint(body(0, [], signed=signed)).status == 422
    assert witness.add_checkpoint(body(0, [])).status == 200
    assert note([]).split(b"\n")[2] == base64.b64encode(EMPTY_ROOT)


@pytest.mark.parametrize("old", [0, 3, 8, 10, 15])
def test_another_old_size_is_answered_with_the_size_it_has(witness, old):
    leaves = entries(20)
    witness.add_checkpoint(body(0, leaves[:9]))
    reply = witness.add_checkpoint(body(old, leaves))
    assert reply == (409, b"9\n", "text/x.tlog.size")
    smaller = witness.add_checkpoint(body(4, leaves[:5]))
    assert smaller == (409, b"9\n", "text/x.tlog.size")
    assert witness.size_of(ORIGIN) == 9


def test_the_checks_come_in_the_order_of_the_specification(witness):
    leaves = entries(5)
    stranger = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
    unknown = note(leaves, origin="who.example", private=stranger)
    assert witness.add_checkpoint(body(9, leaves, [], unknown)).status == 404
    assert witness.add_checkpoint(body(9, leaves, [], note(leaves, private=stranger))).status == 403
    signed = note(leaves)
    forged = signed[:-8] + (b"AAAA" if signed[-8:-4] != b"AAAA" else b"BBBB") + signed[-4:]
    assert witness.add_checkpoint(body(9, leaves, [], forged)).status == 403
    assert witness.add_checkpoint(body(6, leaves, [])).status == 400
    assert witness.add_checkpoint(body(2, leaves, [])).status == 409
    assert witness.size_of(ORIGIN) == 0


def test_signatures_of_others_are_ignored_and_a_wrong_one_of_the_log_is_not(witness):
    leaves = entries(5)
    text = note(leaves).partition(b"\n\n")[0] + b"\n"
    stranger = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)
    others = line_of(stranger, "x.example", 1, text) + KEY.cosign(text, 5)
    assert witness.add_checkpoint(body(0, leaves, [], note(leaves) + others)).status == 200
    wrong = line_of(LOG, ORIGIN, 1, b"something else")
    assert witness.add_checkpoint(body(5, leaves, [], note(leaves) + wrong)).status == 403


def test_a_log_may_have_two_keys(tmp_path):
    other = Ed25519PrivateKey.from_private_bytes(bytes([3]) * 32)
    keys = [LOG_KEY, LogKey(ORIGIN, other.public_key().public_bytes_raw())]
    state = WitnessState(tmp_path)
    one = Witness(KEY, keys, state, lambda: NOW)
    assert one.add_checkpoint(body(0, entries(2))).status == 200
    leaves = entries(4)
    assert one.add_checkpoint(body(2, leaves, signed=note(leaves, private=other))).status == 200
    state.close()


def test_every_cut_and_every_changed_byte_of_a_request_is_refused(witness):
    leaves = entries(7)
    witness.add_checkpoint(body(0, leaves[:4]))
    whole = body(4, leaves)
    parse(whole)
    for end in range(len(whole)):
        assert witness.add_checkpoint(whole[:end]).status in (400, 403, 404, 409, 422), end
    for at in range(len(whole)):
        for changed in (whole[at] ^ 1, whole[at] ^ 0x80, 0x0A, 0x20, 0x2B):
            if changed == whole[at]:
                continue
            reply = witness.add_checkpoint(whole[:at] + bytes([changed]) + whole[at + 1 :])
            assert reply.status in (400, 403, 404, 409, 422), (at, changed)
    assert witness.size_of(ORIGIN) == 4
    assert witness.add_checkpoint(whole).status == 200


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + note(entries(1)),
        b"old 01\n\n" + note(entries(1)),
        b"old -1\n\n" + note(entries(1)),
        b"old +1\n\n" + note(entries(1)),
        b"old  1\n\n" + note(entries(1)),
        b"Old 0\n\n" + note(entries(1)),
        b"old 0\r\n\n" + note(entries(1)),
        b"old 9223372036854775808\n\n" + note(entries(1)),
        b"old 0\nAAAA\n\n" + note(entries(1)),
        b"old 0\n" + b"!" * 44 + b"\n\n" + note(entries(1)),
        body(0, entries(1), [bytes(32)] * 64),
        b"old 0\n\n" + note(entries(1))[:-1],
        b"old 0\n\n" + note(entries(1)).replace(b"\n1\n", b"\n01\n"),
        b"old 0\n\n" + note(entries(1)).replace("—".encode(), b"--"),
        b"old 0\n\n" + note(entries(1)).replace(b"\n1\n", b"\n1\x00\n"),
        b"old 0\n\n" + b"\xff" + note(entries(1)),
    ],
)
def test_what_is_no_request_is_400(witness, bad):
    assert witness.add_checkpoint(bad).status == 400


def test_what_was_cosigned_is_remembered_by_the_next_process(tmp_path):
    for first, last in ((0, 5), (5, 12)):
        state = WitnessState(tmp_path)
        one = Witness(KEY, [LOG_KEY], state, lambda: NOW)
        assert one.size_of(ORIGIN) == first
        assert one.add_checkpoint(body(first, entries(last))).status == 200
        with pytest.raises(StateTaken, match="another witness works here"):
            WitnessState(tmp_path)
        state.close()


def test_a_state_that_cannot_be_read_or_written_is_no_reason_to_begin_anew(tmp_path, witness):
    witness.add_checkpoint(body(0, entries(5)))
    state = witness._state
    path = state._path(ORIGIN)
    good = path.read_text()
    for spoilt in ("", good.replace("\n5\n", "\nfive\n"), good.replace(ORIGIN, "else"), "x", good[:30]):
        path.write_text(spoilt)
        assert witness.add_checkpoint(body(0, entries(6))).status == 500
        assert path.read_text() == spoilt
    with pytest.raises(StateLost):
        state.read(ORIGIN)
    path.write_text(good)
    with pytest.raises(ValueError, match="never goes back"):
        state.replace(ORIGIN, 4, bytes(32))
    path.with_suffix(".tmp").mkdir()  # nothing can be written
    assert witness.add_checkpoint(body(5, entries(6))).status == 500
    path.with_suffix(".tmp").rmdir()
    assert state.read(ORIGIN) == Seen(5, root(entries(5)))
    assert witness.add_checkpoint(body(5, entries(6))).status == 200


def test_of_many_at_once_every_size_is_cosigned_in_turn_and_none_goes_back(witness):
    """The race of the specification: two requests that were checked against the same state."""
    leaves = entries(40)
    witness.add_checkpoint(body(0, leaves[:1]))
    statuses = []
    ready = threading.Barrier(8)

    def ask(count):
        ready.wait()
        statuses.append((count, witness.add_checkpoint(body(1, leaves[:count])).status))

    threads = [threading.Thread(target=ask, args=(count,)) for count in range(10, 18)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    won = [count for count, status in statuses if status == 200]
    assert len(won) == 1 and witness.size_of(ORIGIN) == won[0]
    assert {status for _, status in statuses} == {200, 409}


def test_its_stamps_do_not_go_back_with_its_clock(tmp_path):
    clock = [NOW]
    state = WitnessState(tmp_path)
    one = Witness(KEY, [LOG_KEY], state, lambda: clock[0])
    stamps = []
    for size, now in ((1, NOW), (2, NOW - 500), (3, NOW + 5)):
        clock[0] = now
        reply = one.add_checkpoint(body(size - 1, entries(size)))
        stamps.append(int.from_bytes(base64.b64decode(reply.body.split(b" ")[2])[4:12], "big"))
    assert stamps == [NOW, NOW, NOW + 5]
    state.close()


def test_consistency_holds_for_every_pair_of_sizes_and_for_no_neighbour():
    leaves = entries(40)
    roots = [root(leaves[:size]) for size in range(41)]
    for size in range(41):
        for old in range(size + 1):
            hashes = proof(old, leaves[:size]) if old else []
            assert is_consistent(old, roots[old], size, roots[size], hashes), (old, size)
            if 0 < old < size:
                assert not is_consistent(old, roots[old - 1], size, roots[size], hashes)
                assert not is_consistent(old, roots[old], size, roots[size - 1], hashes)
                assert not is_consistent(old, roots[old], size, roots[size], hashes[1:])
                assert not is_consistent(old, roots[old], size, roots[size], [*hashes, bytes(32)])


def test_keys_are_read_strictly():
    text = verifier_key(ORIGIN, 1, LOG_PUBLIC)
    assert LogKey.parse(text) == LOG_KEY
    for bad in (
        "",
        text[1:],
        text[:-1],
        text.replace("+", "-", 1),
        verifier_key(ORIGIN, 4, LOG_PUBLIC),
        verifier_key(ORIGIN, 1, LOG_PUBLIC[:-1]),
        f"{ORIGIN}+00000000+{text.split('+', 2)[2]}",
        f"+{text.split('+', 1)[1]}",
    ):
        with pytest.raises(BadNote):
            LogKey.parse(bad)
    signed = note(entries(1)).decode()
    for bad in (b"x", "a\n1\nAAAA\n\n— x AAAAAAAA\n".encode(), signed.replace("— ", "- ").encode()):
        with pytest.raises(BadNote):
            SignedCheckpoint.parse(bad)


def request(port, method="POST", path="/add-checkpoint", data=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_over_http_it_answers_one_path_and_bounds_what_it_reads(witness):
    with WitnessServer(witness) as server:
        assert request(server.port, data=body(0, entries(3)))[0] == 200
        assert request(server.port, data=body(0, entries(4))) == (409, "text/x.tlog.size", b"3\n")
        assert request(server.port, path="/prefix/add-checkpoint", data=body(3, entries(4)))[0] == 200
        assert request(server.port, path="/add-checkpoints", data=body(4, entries(5)))[0] == 404
        assert request(server.port, method="GET")[0] == 405
        assert request(server.port, headers={"Content-Length": str(BODY_BYTES_MAX + 1)})[0] == 413
        assert request(server.port, headers={"Content-Length": "-1"})[0] == 411
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for size in (4, 5, 6):  # one connection for several requests
            connection.request("POST", "/add-checkpoint", body(size, entries(size + 1)))
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
        connection.close()
        assert witness.size_of(ORIGIN) == 7


KAREZ = [sys.executable, "-m", "karez_gateway", "bench", "witness"]


def test_as_a_command_it_keeps_its_key_and_what_it_saw(tmp_path):
    state, key = tmp_path / "w1", verifier_key(ORIGIN, 1, LOG_PUBLIC)
    said = []
    for size in (5, 8):
        process = subprocess.Popen(
            [*KAREZ, "--state", str(state), "--name", "w1.example", "--log", key],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            ready = json.loads(process.stdout.readline())
            said.append(ready["key"])
            port = int(ready["url"].rpartition(":")[2].strip("/"))
            old = 0 if size == 5 else 5
            status, _, line = request(port, data=body(old, entries(size)))
            assert status == 200 and line.startswith("— w1.example ".encode())
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0
            process.stdout.close()
    assert said[0] == said[1] and said[0].startswith("w1.example+")
    assert (state / "witness.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--log", "x"], "a verifier key reads"),
        (["--manner", "sleepy"], "--manner list"),
        (["--name", "a+b"], "neither spaces nor a plus"),
        (["--port", "1", "--host", "192.0.2.1"], ""),
    ],
)
def test_wrong_words_are_refused_with_a_line(tmp_path, words, says):
    done = subprocess.run(
        [*KAREZ, "--state", str(tmp_path / "w"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_its_manners_are_listed(tmp_path):
    done = subprocess.run(
        [*KAREZ, "--state", str(tmp_path), "--manner", "list"], capture_output=True, text=True, check=True
    )
    assert {"silent", "wrong-signature", "larger"} <= set(done.stdout.split())
