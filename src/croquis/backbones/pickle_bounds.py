"""What a pickle of weights would cost, said before torch makes a tensor of it.

A pickle of 2 MB can claim a tensor of terabytes, or copy a list a million times. Here it is read
with stand-ins, which cost nothing: no function of torch or Python's runs, and nothing is allocated.
"""

import io
import math
import pickle
import pickletools
import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from collections.abc import Callable
from typing import BinaryIO, NamedTuple, NoReturn

import torch

from croquis.backbones import inert

# A tensor takes some 200 bytes and 40 opcodes of a pickle; networks have at most some thousands.
PICKLE_BYTES = 2**22
OPCODES = 1_000_000
COPIES = 1_000_000  # elements that all calls together may copy
# Of things in things: Python walks tuples in tuples by a call each, and its stack ends.
DEPTH = 100
DIMENSIONS = 64
OTHERS = 1_000  # classes of what lies beside tensors
# Those that torch reads without trust.
READ = (
    "PROTO STOP MARK GLOBAL REDUCE BUILD NEWOBJ APPEND APPENDS SETITEM SETITEMS "
    "TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWTRUE NEWFALSE EMPTY_TUPLE EMPTY_LIST "
    "EMPTY_DICT EMPTY_SET BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE "
    "SHORT_BINSTRING BINPERSID BINGET LONG_BINGET BINPUT LONG_BINPUT"
).split()
FILLING = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD")
STORAGES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1, "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "UntypedStorage": 1,
    "QInt32Storage": 4, "QInt8Storage": 1, "QUInt8Storage": 1,
}  # fmt: skip

CLASSES = ("torch.nn.parameter.Parameter", "torch.Tensor")
# Of these no object lies beside weights: their functions are how a pickle runs code. What torch
# itself has is read by torch, and must be counted here; but for its schedules and layers.
_CODE = re.compile(
    r"builtins\.(?!(object|list|dict|tuple|frozenset|int|float|bool|str|bytes|slice|range)$)"
    r"|(os|posix|nt|sys|subprocess|shutil|socket|importlib|runpy|pty|ctypes|code)\."
    r"|torch\.(?!optim\.|nn\.modules\.)"
)
# Names and marks that stand beside weights in checkpoints: kinds of tensors, and of scales.
INERT = re.compile(r"torch\.(\w+Tensor|per_(tensor|channel)_\w+)")


class StorageOutline(NamedTuple):
    """Numbers of a file, by the name that they have there."""

    key: str
    bytes: int
    item: int  # bytes of one


class TensorOutline(NamedTuple):
    """A tensor as it is described: no number of it is read."""

    bytes: int


class PickleOutline(pickle.Unpickler):
    """What a pickle of weights describes, and what it would cost.

    Attributes:
        storages: the bytes that each storage claims.
        tensor_bytes: the bytes of all tensors, each taken alone.
        others: what lies beside tensors, by the names of classes; see `inert`.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.storages: dict[str, int] = {}
        self.tensor_bytes = 0
        self.others: dict[str, inert.Form] = {}
        self._recorders: dict[str, type] = {}
        self._copied = 0
        self._calls: dict[str, Callable[..., object]] = {
            "collections.OrderedDict": self._ordered,
            "collections.Counter": self._copy,
            "torch.Size": self._copy,
            "builtins.set": self._copy,
            "_codecs.encode": self._copy,
            "torch.device": self._copy,
            "torch.serialization._get_layout": self._copy,
            "builtins.complex": self._copy,
            "builtins.bytearray": self._bytearray,
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_tensor_v3": self._typed_tensor,
            "torch._utils._rebuild_qtensor": self._tensor,
            "torch._utils._rebuild_sparse_tensor": self._sparse,
            "torch._utils._rebuild_meta_tensor_no_storage": self._copy,
            "torch._utils._rebuild_parameter": _first,
            "torch._utils._rebuild_parameter_with_state": _first,
            "torch._tensor._rebuild_from_type_v2": _rebuild,
        }

    def find_class(self, module: str, name: str, /) -> object:
        """A stand-in for what the pickle would call."""
        # Pickles of torch have Python 2's names, which torch reads as those of Python 3.
        module, name = NAME_MAPPING.get(
            (module, name), (IMPORT_MAPPING.get(module, module), name)
        )
        path = f"{module}.{name}"
        if path in self._calls:
            return self._calls[path]
        if module in ("torch", "torch.storage") and name in STORAGES:
            return STORAGES[name]
        if path in CLASSES or INERT.fullmatch(path):
            return path  # text, which cannot be called
        kind = vars(torch).get(name) if module == "torch" else None
        if isinstance(kind, torch.dtype):
            return kind
        if _CODE.match(path):
            refuse(f"it holds {path[:80]}, which is no plain tensor")
        if path not in self._recorders:
            if len(self._recorders) == OTHERS:
                refuse("objects of more classes than a training has")
            self._recorders[path] = inert.recorder(path, self.others)
        return self._recorders[path]

    def persistent_load(self, pid: object, /) -> StorageOutline:
        """The storage that the pickle names, which lies beside it."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            refuse("it holds something else than tensors")
        item, key, count = pid[1], pid[2], pid[4]
        if not isinstance(item, int) or not isinstance(count, int) or count < 0:
            refuse("a storage of no size")
        storage = StorageOutline(str(key), item * count, item)
        self.storages[storage.key] = max(
            storage.bytes, self.storages.get(storage.key, 0)
        )
        return storage

    def _ordered(self, *arguments: object) -> OrderedDict[object, object]:
        self._copy(*arguments)
        return OrderedDict()

    def _copy(self, *arguments: object) -> None:
        """Counts what the call would copy."""
        for each in arguments:
            if isinstance(each, str | tuple | list | dict | set):
                self._copied += len(each)
        if self._copied > COPIES:
            refuse("calls that copy the same things again and again")

    def _bytearray(self, *arguments: object) -> None:
        """A number would be a length, of bytes that are nowhere in the file."""
        if any(isinstance(each, int) for each in arguments):
            refuse("bytes without their content")
        self._copy(*arguments)

    def _tensor(
        self, storage: object, offset: object, size: object, *_: object
    ) -> TensorOutline:
        if not isinstance(storage, StorageOutline):
            refuse("a tensor without its numbers")
        return self._sized(size, storage.item)

    def _sparse(self, layout: object, parts: object, *_: object) -> None:
        """Counts its parts each time, as torch looks through them each time."""
        if not isinstance(parts, tuple):
            refuse("a tensor of no shape")
        self._copied += 1
        self.tensor_bytes += sum(
            part.bytes for part in parts if isinstance(part, TensorOutline)
        )

    def _typed_tensor(
        self, storage: object, offset: object, size: object, *rest: object
    ) -> TensorOutline:
        kind = rest[3] if len(rest) > 3 else None
        if not isinstance(kind, torch.dtype):
            refuse("a tensor without its numbers")
        return self._sized(size, kind.itemsize)

    def _sized(self, size: object, item: int) -> TensorOutline:
        if not isinstance(size, tuple) or len(size) > DIMENSIONS:
            refuse("a tensor of no shape")
        if not all(isinstance(side, int) and side >= 0 for side in size):
            refuse("a tensor of no shape")
        tensor = TensorOutline(math.prod(size) * item)
        self.tensor_bytes += tensor.bytes
        return tensor


class _Depths:
    """How deep the things on a pickle's stack lie in each other."""

    def __init__(self) -> None:
        self._stack: list[int] = []
        self._marks: list[int] = []
        self._notes: dict[object, int] = {}

    def follow(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """Does what `opcode` does, to depths; raises UnpicklingError beyond DEPTH."""
        name = opcode.name
        if name == "MARK":
            self._marks.append(len(self._stack))
        elif name.endswith("PUT"):
            self._notes[argument] = self._stack[-1] if self._stack else 0
        elif name.endswith("BINGET"):
            self._stack.append(self._notes.get(argument, 0))
        elif opcode.stack_after:
            parts = self._taken(opcode)
            # What is filled stays as deep as it was, or is one deeper than what it gets.
            filled = [parts.pop(0)] if name in FILLING and parts else []
            self._stack.append(
                max([*filled, *(part + 1 for part in parts)], default=0)
            )
            if self._stack[-1] > DEPTH:
                refuse("tuples in tuples, a hundred deep")

    def _taken(self, opcode: pickletools.OpcodeInfo) -> list[int]:
        """The depths of what `opcode` takes from the stack."""
        before = opcode.stack_before
        start = len(self._stack) - len(before)
        if pickletools.markobject in before:
            above = self._marks.pop() if self._marks else 0
            start = above - before.index(pickletools.markobject)
        start = max(0, start)
        parts = self._stack[start:]
        del self._stack[start:]
        return parts


def refuse(reason: str) -> NoReturn:
    """Raises UnpicklingError for a `reason`."""
    raise pickle.UnpicklingError(reason)


def next_pickle(file: BinaryIO) -> bytes:
    """The bytes of the pickle that begins where `file` is, to behind its end.

    Raises:
        UnpicklingError: if it is no pickle that torch reads, or more than networks need.
    """
    start = file.tell()
    depths = _Depths()
    for number, (opcode, argument, position) in enumerate(pickletools.genops(file)):
        if opcode.name not in READ:
            refuse(f"no weights of torch (opcode {opcode.name})")
        # Python's own unpickler makes room for all numbers below that of a note.
        is_far = opcode.name == "LONG_BINPUT" and int(argument or 0) > OPCODES
        if number >= OPCODES or is_far or (position or 0) - start > PICKLE_BYTES:
            refuse("a description of more tensors than networks have")
        depths.follow(opcode, argument)
    end = file.tell()
    file.seek(start)
    return file.read(end - start)


def _first(data: object, *_: object) -> object:
    return data


def _rebuild(
    function: Callable[..., object],
    kind: object,
    arguments: tuple[object, ...],
    *_: object,
) -> object:
    return function(*arguments)
