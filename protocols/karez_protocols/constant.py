"""`const` on both runtimes: mpy-cross folds `_NAME = const(5)` away, a plain name costs 50 B of heap."""

try:
    from micropython import const as const  # type: ignore[import-not-found]  # noqa: PLC0414 - re-exported
except ImportError:
    const = int
