"""A disk in memory with the contract of `karez_gateway.log.files.Files`, that forgets what was not synced.

It promises as little as POSIX does: at a power cut, unsynced bytes may be all there, a part, or none; every
unsynced change of a directory is kept or lost on its own, whatever came before or after it.
"""

from __future__ import annotations

from karez_gateway.log.errors import LogBusy


class PowerCut(BaseException):
    """Nothing runs after it, no handler of ours either."""


class _File:
    def __init__(self):
        self.data = b""
        self.durable = b""


class _Directory:
    def __init__(self):
        self.names = {}
        self.durable = {}
        self.pending = []  # (old name or None, new name or None, what) in order


class PowerCutDisk:
    """`fail_at` counts operations that change something; the one it names raises `failure` half done."""

    def __init__(self, *, top=None):
        self.top = top or _Directory()
        self.is_locked = False
        self.operations = 0
        self.fail_at = None
        self.failure = PowerCut
        self.shown = []  # every content that `checkpoint` has had: anybody may have read it

    def lock(self):
        if self.is_locked:
            raise LogBusy("locked")
        self.is_locked = True

    def unlock(self):
        self.is_locked = False

    def read(self, path):
        directory, name = self._place(path)
        return directory.names[name].data if name in directory.names else self._missing(path)

    def list(self, directory):
        try:
            return list(self._find(directory).names)
        except FileNotFoundError:
            return []

    def write(self, path, data):
        directory, name = self._place(path)
        if name not in directory.names:
            self._change(directory, None, name, _File())
        file = directory.names[name]
        file.data = data[: len(data) // 2]
        self._step()
        file.data = data

    def rename(self, old, new):
        (directory, old_name), (other, new_name) = self._place(old), self._place(new)
        assert directory is other, "the log renames within a directory"
        self._step()
        self._change(directory, old_name, new_name, directory.names[old_name])
        if new == "checkpoint":
            self.shown.append(directory.names[new_name].data)

    def make_directory(self, path):
        directory, name = self._place(path)
        self._step()
        if name not in directory.names:
            self._change(directory, None, name, _Directory())

    def sync(self, paths):
        for path in paths:
            self._step()
            directory, name = self._place(path)
            found = directory.names[name] if name else directory
            if isinstance(found, _File):
                found.durable = found.data
            else:
                found.durable, found.pending = dict(found.names), []

    def remove(self, path):
        directory, name = self._place(path)
        self._step()
        self._change(directory, name, None, None)

    def remove_tree(self, directory):
        found = self._find(directory)
        for name in list(found.names):
            self._step()
            self._change(found, name, None, None)
        self._step()
        above, name = self._place(directory)
        self._change(above, name, None, None)

    def copy(self):
        """The same disk at this moment, to be cut later; nobody has it locked."""
        copied = PowerCutDisk(top=_copied(self.top, {}))
        copied.shown = list(self.shown)
        return copied

    def after_power_cut(self, choose):
        """The disk as it comes back; `choose(n)` picks one of n outcomes, 0 the most is lost."""
        survivor = PowerCutDisk(top=_survivor(self.top, choose))
        survivor.shown = list(self.shown)
        return survivor

    def after_kill(self):
        """The process is gone, the machine runs on: all is there, nothing more is durable."""
        self.is_locked, self.fail_at = False, None
        return self

    def _step(self):
        self.operations += 1
        if self.operations == self.fail_at:
            raise self.failure(5, "made to fail")

    def _place(self, path):
        folder, _, name = path.rpartition("/")
        return self._find(folder), name

    def _find(self, path):
        directory = self.top
        for name in filter(None, path.split("/")):
            directory = directory.names[name] if name in directory.names else self._missing(path)
        return directory

    def _missing(self, path):
        raise FileNotFoundError(2, "no such file", path)

    @staticmethod
    def _change(directory, old, new, what):
        if old is not None:
            directory.names.pop(old)
        if new is not None:
            directory.names[new] = what
        directory.pending.append((old, new, what))


def _survivor(found, choose):
    if isinstance(found, _File):
        file = _File()
        outcomes = [found.durable, found.data, found.data[: len(found.data) // 2], b"\0" * len(found.data)]
        file.data = found.durable if found.data == found.durable else outcomes[choose(4)]
        file.durable = file.data
        return file
    names = dict(found.durable)
    for old, new, what in found.pending:
        if choose(2):
            if old is not None:
                names.pop(old, None)
            if new is not None:
                names[new] = what
    directory = _Directory()
    directory.names = {name: _survivor(what, choose) for name, what in names.items()}
    directory.durable = dict(directory.names)
    return directory


def _copied(found, known):
    """Files and directories are shared between names and their pending changes: each is copied once."""
    if found is None or id(found) in known:
        return known.get(id(found))
    copied = known[id(found)] = type(found)()
    if isinstance(found, _File):
        copied.data, copied.durable = found.data, found.durable
    else:
        copied.names = {name: _copied(what, known) for name, what in found.names.items()}
        copied.durable = {name: _copied(what, known) for name, what in found.durable.items()}
        copied.pending = [(old, new, _copied(what, known)) for old, new, what in found.pending]
    return copied
