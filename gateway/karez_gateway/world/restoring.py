"""A backup is put back (docs/operations.md): unpacked, refused by the service, then a new origin."""

import shutil
from pathlib import Path

from karez_gateway import config, data
from karez_gateway.entries import neworigin
from karez_gateway.errors import StoreError
from karez_gateway.operation import backup


def put_back(source: Path, directory: Path, reason: str) -> str:
    """Exchange a stopped gateway's directory for its backup under a new origin.

    Return why the service would not have started over it before that, "" if it would. Raises
    StoreError, Refused.
    """
    restored = directory.with_suffix(".restored")
    shutil.rmtree(restored, ignore_errors=True)
    backup.unpack(source, restored)
    found = config.load(restored)
    refusal = ""
    try:
        with data.opened(found):
            pass
    except StoreError as error:
        refusal = str(error)
    neworigin.open_new(found, reason)
    shutil.rmtree(directory)
    restored.rename(directory)
    return refusal
