"""systemd hears that the service is ready, alive, stopping; a listener that is gone costs nothing."""

import socket

from karez_gateway.service import supervision


def test_a_state_arrives_as_one_datagram(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(5)
        listener.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        for state in (supervision.READY, supervision.ALIVE, supervision.STOPPING):
            supervision.tell(state)
            assert listener.recv(100).decode() == state


def test_an_abstract_name_is_understood(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(5)
        listener.bind("")  # Linux gives an abstract name
        name = listener.getsockname()
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode())
        supervision.tell(supervision.READY)
        assert listener.recv(100) == b"READY=1"


def test_nobody_listens_and_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    supervision.tell(supervision.READY)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    supervision.tell(supervision.ALIVE)
