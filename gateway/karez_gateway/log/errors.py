"""Why the log refuses. Every message says what to do."""


class LogError(Exception):
    """Base of what goes wrong with the log and its key."""


class LogBusy(LogError):
    """Another process has the log open; two writers would sign a fork."""


class LogDamaged(LogError):
    """The files do not give the tree that was signed: the log is not continued."""


class LogStopped(LogError):
    """A write failed, so nobody knows what reached the disk: close the log and open it again."""


class KeyRefused(LogError):
    """The log's private key cannot be created or used as it is."""
