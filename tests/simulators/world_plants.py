"""Bugs that are planted into the real code for the further parts of a world; one invariant finds each."""

from karez_firmware.core.accounts import Accounts
from karez_firmware.core.orders import KeyList
from karez_firmware.core.recording import Recorder
from karez_firmware.startup import Startup
from karez_gateway.downlink import inheriting
from karez_gateway.entries import restored
from karez_protocols import causes, flags


def keep_a_dead_fram_secret(monkeypatch):
    """A box whose FRAM is dead, and whose records do not say so."""
    raise_status = Recorder.raise_status

    def told(self, bit, is_so):
        if bit != flags.FRAM_DEAD:
            raise_status(self, bit, is_so)

    monkeypatch.setattr(Recorder, "raise_status", told)


def keep_a_lost_head_secret(monkeypatch):
    """A head that is rebuilt from the ring, and no record says so."""
    records = Startup.records

    def silent(self, *arguments):
        return [one for one in records(self, *arguments) if one.get("cause") != causes.HEAD_REBUILT]

    monkeypatch.setattr(Startup, "records", silent)


def forget_rights_with_the_head(monkeypatch):
    """A head that is rebuilt without the grant that the ring names."""
    monkeypatch.setattr(Startup, "_adopt_object", lambda _self, _values: False)
    monkeypatch.setattr(Startup, "_find_object", lambda _self, _kind: None)


def let_an_empty_account_pump(monkeypatch):
    """An account's own ceiling that nobody asks for."""
    monkeypatch.setattr(Accounts, "left_l", lambda *_: None)
    monkeypatch.setattr(Accounts, "cause", lambda *_: causes.NONE)


def charge_an_account_from_nothing(monkeypatch):
    """A register of an account that begins anew with each irrigation."""
    begin = Accounts.begin

    def anew(self, number, volume_l):
        begin(self, number, volume_l)
        self._used_l[number] = 0

    monkeypatch.setattr(Accounts, "begin", anew)


def keep_the_key_that_has_ended(monkeypatch):
    """A box that writes the newer list of keys and goes on with the first."""
    install = KeyList.install

    def first_only(self, values, rows):
        install(self, values, self._rows or rows)

    monkeypatch.setattr(KeyList, "install", first_only)


def go_on_with_a_restored_log(monkeypatch):
    """A service that starts over whatever was put back."""
    monkeypatch.setattr(restored, "refuse_if_halted", lambda _data: None)


def let_a_spare_inherit_nothing(monkeypatch):
    """A gateway that gives a new box nothing of what holds at its site."""
    monkeypatch.setattr(inheriting, "inherit", lambda *_: 0)
