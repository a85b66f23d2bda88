"""Who brought signed objects in: a binding, a grant, an order, a key list. Each is one act of the log.

The objects are others' words and signed by them; that somebody of this office handed them on is his own deed.
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.store.acts import BRINGING

BINDING, GRANT, ORDER, KEYS = (BRINGING + name for name in ("binding", "grant", "order", "keys"))
NAME_MAX = 200  # characters of a file's name that a reason holds


def deed(by: str, because: str, file: str, now_s: int) -> Deed:
    """Who brings a file in; without a reason its name is one. Raises Refused when it does not say who."""
    name = file if file.isprintable() else "a file"
    return Deed(by, because or f"brought in: {name[:NAME_MAX]}", now_s).checked()


def keep(connection: Connection, sort: str, what: Deed | None, brought: Iterable[tuple[str, bytes]]) -> None:
    """Write the act of (controller, object). Nothing where nobody stands behind it, or nothing is new."""
    controllers: dict[str, list[str]] = {}
    for controller, body in brought:
        controllers.setdefault(hashlib.sha256(body).hexdigest(), []).append(controller)
    if what is not None and controllers:
        acts.write(connection, sort, what, {"controllers_by_sha256": controllers})
