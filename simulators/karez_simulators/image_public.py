"""Public names of the image are called as something that its heap holds anyway.

A name takes a row of MicroPython's table wherever it is used, and only once however often. So a method, a
field or a function is given the spelling of a text that the image holds as a name in any case, or of a
name that every MicroPython has in its flash. One name becomes one other name, in every module at once.

Kept is what anybody else may know: what a text asks for or names (getattr, layouts), what is passed by
keyword, what belongs to the language, to its types and to modules that are not ours, what is written of
anything but `self` in modules that touch the world, and the errors, whose names go into records.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import keyword
import select
import socket
import tempfile
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_simulators.image_definitions import is_const, is_special
from karez_simulators.image_names import FIELDS, is_private, rename
from karez_simulators.image_reach import WORD
from karez_simulators.image_walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from karez_simulators.image_asked import Asked
    from karez_simulators.image_modules import Image, Module

# Modules of MicroPython whose objects have no attributes that we might have too.
PURE = {"binascii", "collections", "gc", "hashlib", "json", "micropython", "struct", "sys"}
PORTS = "karez_firmware.ports."
# Names that lie in the flash of a MicroPython: of errors and builtins (every .mpy file may count on those:
# tools/makeqstrdata.py, static_qstr_list), then of its modules, from math to socket. Where a VM lacks
# one, it takes a row as any name does. Not `super`: the compiler knows that call.
EVERYWHERE = """
ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis GeneratorExit ImportError
IndentationError IndexError KeyboardInterrupt LookupError NameError NoneType NotImplementedError
OverflowError RuntimeError StopIteration SyntaxError SystemExit ZeroDivisionError abs bound_method
builtins bytecode classmethod closure dict_view divmod eval exec function generator globals hasattr hash
isinstance issubclass iterator locals module object ord print repr reversed round staticmethod zip acos
asin atan atan2 bin ceil copysign cos degrees exp fabs floor fmod frexp hex isfinite isinf isnan ldexp
log modf oct pow radians sin sqrt tan trunc chdir getcwd ilistdir listdir mkdir mount rename rmdir
statvfs umount uname gmtime localtime mktime sleep sleep_ms sleep_us ticks_add ticks_cpu OrderedDict
appendleft deque popleft choice getrandbits randint randrange seed shuffle uniform heapify heappop
heappush compile dump load match search BytesIO StringIO byteorder implementation intern maxsize platform
print_exception version_info alloc_emergency_exception_buf heap_lock heap_unlock kbd_intr opt_level
qstr_info schedule stack_use isenabled mem_alloc a2b_base64 b2a_base64 SOCK_DGRAM POLLERR POLLOUT
AF_INET6 EACCES EADDRINUSE EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINVAL EIO
EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT ARRAY BIG_ENDIAN FLOAT32 FLOAT64
INT16 INT32 INT64 INT8 LITTLE_ENDIAN NATIVE PTR UINT16 UINT32 UINT64 UINT8 VOID addressof bytearray_at
bytes_at sizeof FrameBuffer blit ellipse fill_rect hline vline pixel scroll phase polar rect DeflateIO
errorcode wbits acosh asinh atanh cosh erf erfc expm1 gamma isclose lgamma log10 log2 sinh tanh pi inf
nan tau
"""


@dataclass(frozen=True)
class Known:
    """`names` that somebody else may know, and words by which attributes may be `asked` for.

    `said`: words of texts that name something, where all that ask for names were looked at; else None.
    """

    names: set[str]
    asked: set[str]
    said: set[str] | None = None


def known(image: Image, outside: tuple[str, ...], asked: Asked | None = None) -> Known:
    """Return what is known of these modules; `outside`: whose public names programs know.

    `asked`: what sources ask for by texts that passed the check (image_asked.py). Without it any word of
    any sentence may be a name that somebody asks for.
    """
    names = set(dir(builtins)) | _of_types()
    for module in image.modules.values():
        names |= _of_others(image, module)
        if module.name in outside:
            names |= {name for name in _names(module.tree) if not is_private(name)}
    said = None if asked is None else set(asked.names) | _said(image, asked.classes)
    return Known(names, _asked(image), said)


def _said(image: Image, classes: frozenset[str]) -> set[str]:
    """Return the names of fields that are given as texts, and those of `classes`."""
    found: set[str] = set()
    for module in image.modules.values():
        for node in walk(module.tree):
            if isinstance(node, ast.ClassDef) and node.name in classes:
                found |= _names(node)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("namedtuple"):
                found |= _texts([node])[0]
    return found


def _asked(image: Image) -> set[str]:
    """Return the words by which a module might ask an object for an attribute."""
    found: set[str] = set()
    for module in image.modules.values():
        for use in module.uses:
            if use.name in ("getattr", "setattr", "hasattr", "delattr"):
                found |= _texts([module.tree])[0]
    return found


def renamed(texts: dict[str, str], known: Known) -> tuple[dict[str, str], dict[str, str]]:
    """Return the sources {key: text} with other public names, and the table {public name: new name}.

    `known`: what is known of the modules before any was bundled, which tell who touches the world.
    """
    trees = {key: ast.parse(text, filename=key) for key, text in texts.items()}
    words, whole = _texts(trees.values())
    if known.said is not None:  # a name that is a text as well takes its row in any case
        words &= whole | known.said
    kept = known.names | words | _modules(trees.values()) | {"self", "cls"}
    public = {name for tree in trees.values() for name in _public(tree)}
    # What the compiler takes for a constant must begin with an underscore, or it leaves a row.
    kept |= {
        one
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.Assign) and is_const(node)
        for one in _names(node.targets[0])
    }
    wanted = sorted(one for one in public - kept if not is_special(one))
    # A name that is written anywhere would become two; a text by which attributes are asked for is one.
    taken = {name for tree in trees.values() for name in _names(tree)} | known.asked
    spare = [*sorted(whole, key=lambda one: (-len(one), one)), *EVERYWHERE.split()]
    free = [one for one in dict.fromkeys(spare) if one not in taken and one != "super"]
    table = dict(zip(wanted, free, strict=False))
    for tree in trees.values():
        rename(tree, table)
    return {key: ast.unparse(tree) for key, tree in trees.items()}, table


def _names(tree: ast.AST) -> set[str]:
    """Return every identifier that is written in a module."""
    found: set[str] = set()
    for node in walk(tree):
        found.update(text for field in FIELDS if isinstance(text := getattr(node, field, None), str))
        if isinstance(node, ast.Global | ast.Nonlocal):
            found.update(node.names)
    return found


def _public(tree: ast.Module) -> set[str]:
    """Return the names that objects and modules carry: attributes, and what is bound outside of functions."""
    found = {node.attr for node in walk(tree) if isinstance(node, ast.Attribute)}
    for node in walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            for one in node.body:
                if isinstance(one, ast.FunctionDef | ast.ClassDef):
                    found.add(one.name)
                elif isinstance(one, ast.Assign):
                    found.update(part.id for part in walk(one) if isinstance(part, ast.Name))
    return found


def _texts(trees: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """Return the words that stand in texts, and the texts that could be names."""
    words, whole = set(), set()
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.update(WORD.findall(node.value))
                if node.value.isidentifier() and not keyword.iskeyword(node.value) and node.value.isascii():
                    whole.add(node.value)
    return words, whole


def _modules(trees: Iterable[ast.Module]) -> set[str]:
    """Return the parts of the names of modules, and what is imported from modules."""
    found = set()
    for tree in trees:
        for node in walk(tree):
            if isinstance(node, ast.ImportFrom):
                found.update((node.module or "").split("."))
                found.update(one.name for one in node.names)
            elif isinstance(node, ast.Import):
                found.update(part for one in node.names for part in one.name.split("."))
    return found


def _of_types() -> set[str]:
    nothing: list[int] = []
    made: list[object] = [hashlib.sha256(), socket.socket, (one for one in nothing), types.ModuleType("m")]
    if hasattr(select, "poll"):
        made.append(select.poll())
    with tempfile.TemporaryFile() as file:
        made.append(file)
        names = {name for one in made for name in dir(one)}
    for kind in vars(builtins).values():
        names.update(dir(kind))
    return names | {"ipoll", "readinto", "ioctl", "value", "errno"}


def _of_others(image: Image, module: Module) -> set[str]:
    """Return what a module names of modules and objects that are not ours."""
    found = set()
    others = set()
    for node in walk(module.tree):
        if isinstance(node, ast.keyword) and node.arg:
            found.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for one in node.names:
                source = (
                    one.name if isinstance(node, ast.Import) else module.source(node.level, node.module or "")
                )
                if source.partition(".")[0] not in {name.partition(".")[0] for name in image.modules}:
                    others.add(source)
                    found.add(one.name)
    for use in module.uses:
        symbol = image.meaning(module, use)
        if use.over is not None and symbol is not None and symbol.module not in image.modules:
            found.add(use.over.attr)
    # A port is handed pins and chips, whatever it imports.
    touches = bool(others - PURE) or module.name.startswith(PORTS)
    for node in walk(module.tree):
        is_own = (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        )
        if isinstance(node, ast.Attribute) and not is_own and touches:
            found.add(node.attr)
        elif isinstance(node, ast.ClassDef) and (node.bases or node.keywords):
            found |= _of_class(image, module, node)
    return found


def _of_class(image: Image, module: Module, node: ast.ClassDef) -> set[str]:
    """Return what is known of a class that has a base of somebody else: its name, its methods."""
    uses = {id(use.node): use for use in module.uses}
    for base in node.bases:
        name = base.value if isinstance(base, ast.Attribute) else base
        use = uses.get(id(name))
        symbol = image.meaning(module, use) if use else None
        if symbol is None or symbol.module not in image.modules:
            return {node.name, *(one.name for one in node.body if isinstance(one, ast.FunctionDef))}
    return {node.name}  # of an error of ours, maybe
