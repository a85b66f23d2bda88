"""From the sources of the firmware to the sources of its image: every pass that makes a heap lighter.

In this order: public numbers are put where they are used (image_constants.py), what nothing leads to goes
(image_reach.py), arguments and private names get short names (image_args.py, image_names.py), what is
always loaded becomes two modules (image_bundle.py), public names are called as something that is there
anyway (image_public.py), and texts lose their objects (image_texts.py).
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from karez_simulators import (
    image_args,
    image_asked,
    image_bundle,
    image_constants,
    image_functions,
    image_methods,
    image_modules,
    image_names,
    image_public,
    image_reach,
    image_table,
    image_texts,
)
from karez_simulators.image_walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = "karez_firmware.main_unix"
BOARDS = ("karez_firmware.main_esp32", "karez_firmware.main_rp2")
APP = "karez_firmware.app"
# What its DONE names is given back before the app is loaded. These stay small modules: where a garbage
# collector without a map of the stack takes an old word for a pointer, it then keeps one, not all of them.
BRING_UP = "karez_firmware.bring_up"
# Bundles, in the order in which a controller loads them: what stays of the bring-up, and the app.
RESIDENT, WORKING = "karez_firmware.image_base", "karez_firmware.image_app"
# Loaded by their names out of a profile; a controller has the ones of its meters.
CODECS = ("karez_protocols.modbus", "karez_protocols.dlt645", "karez_protocols.cjt188")
# How modules are put together: as a board holds them; with what design §13 counts as the core in a bundle of
# its own, which imports nothing else, to be weighed; each for itself, to be compared.
BOARD, CORE_APART, LOOSE = "board", "core apart", "loose"
CORE = "karez_firmware.core_alone"
CORE_PACKAGES = ("karez_protocols", "karez_firmware.core", "karez_firmware.drivers")
# What programs of the bench import that run in the VM beside the image.
OUTSIDE = ("karez_firmware.ports.unix",)

# Sums, curves and hashes: their functions are called thousands of times in a row, and stay as they are.
QUICK = tuple(
    f"karez_protocols.{name}"
    for name in ("crc", "ed25519", "ed25519_base", "ed25519_comb", "field25519", "p256", "sha512")
)


def lightened(texts: dict[str, str], layout: str = BOARD, main: str = MAIN) -> tuple[dict[str, str], str]:
    """Return the sources {key: text} of the image, and the text of its table of names.

    `layout`: how modules are put together. `main`: the main module of the machine that it is for. Without
    that one among the sources, all are kept, each for itself.
    Raises SyntaxError (`filename` is the key), and ValueError for what a pass cannot do soundly.
    """
    texts = dict(sorted(texts.items()))  # the same sources, the same names
    is_whole = main in texts
    outside = OUTSIDE if main == MAIN else ()
    if is_whole:
        texts = image_reach.loadable(texts, [main])
        image_asked.check(texts)
    texts = image_constants.folded(texts)
    if is_whole:
        texts = image_reach.reached(texts, [main])
    parts: image_methods.Parts = {}
    if is_whole:
        asked = image_asked.found(texts)
        known = image_public.known(image_modules.Image(texts), outside)
        texts, parts = image_methods.merged(texts, known.names, asked, QUICK)
    texts, private = image_names.shortened(image_args.renamed(texts))
    where = image_table.labels(texts, private, parts)
    public: dict[str, str] = {}
    if is_whole:
        image = image_modules.Image(texts)
        known = image_public.known(image, outside, asked)
        texts, members = image_bundle.bundled(image, plan(image, layout, main), outside)
        where |= {name: [row for one in members[name] for row in where[one]] for name in members}
        where |= {name: [] for name in outside if members}
        texts = image_functions.merged(texts, list(members), where, QUICK)
        texts, public = image_public.renamed(texts, known)
        later = {word for name in members for word in image_texts.words(ast.parse(texts[name]))}
        # Of those the words that somebody reads before: in the text of what is given back.
        early = {word for name in texts if name not in members for word in _words(texts[name])}
        wanted = _asked(texts)
        for name in (*members, *CODECS):
            first = later & early if name == next(iter(members), "") else set()
            texts[name] = image_texts.lightened(texts[name], wanted(name), first)
    return texts, image_table.table(texts, where, private, public)


def plan(image: image_modules.Image, layout: str, main: str = MAIN) -> dict[str, list[str]]:
    """Return the members of each bundle, in the order in which they run."""
    if layout == LOOSE:
        return {}
    done = _done(image.modules[BRING_UP].tree)
    # What one codec alone needs stays beside it: the meters of others have no use for it.
    needed = Counter(one for codec in CODECS for one in image.closure([codec]))
    first = image.closure([main, *done, *(one for one, codecs in needed.items() if codecs > 1)])
    own = {main, *done, *CODECS}
    resident = [name for name in first if name not in own]
    later = [name for name in image.closure([APP]) if name not in {*resident, *own}]
    if layout == BOARD:
        return {RESIDENT: resident, WORKING: later}
    core = [name for name in [*resident, *later] if is_core(name)]
    rest = [name for name in resident if name not in core]
    return {CORE: core, RESIDENT: rest, WORKING: [name for name in later if name not in core]}


def is_core(name: str) -> bool:
    """True for what design §13 counts as protocols, core and drivers."""
    return name == CORE or any(name == one or name.startswith(one + ".") for one in CORE_PACKAGES)


def _asked(texts: dict[str, str]) -> Callable[[str], set[str]]:
    """Return what tells of a module the names that others ask it for; of a codec, an object, any name."""
    over: dict[str, set[tuple[str, str]]] = {}  # module -> (what an attribute is taken of, its name)
    taken: dict[str, set[tuple[str, str]]] = {}  # module -> (source, name) of its imports
    for module, text in texts.items():
        over[module], taken[module] = set(), set()
        for node in walk(ast.parse(text)):
            if isinstance(node, ast.Attribute):
                over[module].add((node.value.id if isinstance(node.value, ast.Name) else "", node.attr))
            elif isinstance(node, ast.ImportFrom):
                taken[module].update((node.module or "", one.name) for one in node.names)

    def asked(name: str) -> set[str]:
        leaf = name.rpartition(".")[2]
        others = [one for one in texts if one != name]
        found = {attr for one in others for of, attr in over[one] if name in CODECS or of == leaf}
        return found | {word for one in others for source, word in taken[one] if source == name}

    return asked


def _words(text: str) -> set[str]:
    return {
        word
        for node in walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in image_reach.WORD.findall(node.value)
    }


def _done(tree: ast.Module) -> tuple[str, ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DONE":
            return tuple(ast.literal_eval(node.value))
    raise ValueError(f"{BRING_UP} does not say what it is done with")
