"""Values of an object as whoever reckons with them wants them: a text or a whole number."""

from karez_gateway.county.registry.objects import Values


def text(values: Values, key: str) -> str:
    """The text of a field, "" where it is empty."""
    return str(values.get(key, ""))


def whole(values: Values, key: str) -> int | None:
    """The number of a field, None where it is empty."""
    value = values.get(key)
    return value if isinstance(value, int) else None
