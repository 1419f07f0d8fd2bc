"""The weights in a checkpoint that fit a network, wherever training code has put them.

Training code wraps networks: DDP writes `module.` before each name, torch.compile `_orig_mod.`, and
Lightning the name of an attribute. It keeps averages of weights (EMA) beside the weights.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch

from croquis.backbones.inert import Inert
from croquis.backbones.weights import EXPECTED, FIX, is_plain, read_content
from croquis.core.errors import InputError, brief

Tensors = dict[str, torch.Tensor]

DEPTH = 3  # of mappings in mappings that are looked through
# An average of weights is what people score, as timm has it, too.
_AVERAGE = re.compile(r"(^|[._])(ema|averaged?|swa)([._]|$)", re.IGNORECASE)
# DDP, torch.compile, FSDP and activation checkpointing, around a part of a network.
_WRAPPED = re.compile(
    r"(?<=\.)(module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
_NUMBERED = re.compile(r"\.(\d+)(?=\.)")


class Place(NamedTuple):
    """Where weights lie: under which key of the file, and after which start of their names."""

    key: str
    prefix: str

    @property
    def is_average(self) -> bool:
        """Whether they are an average of weights beside them."""
        return bool(_AVERAGE.search(self.key) or _AVERAGE.search(self.prefix))

    def __str__(self) -> str:
        """As in `state_dict_ema, names after module.`."""
        words = [self.key] * bool(self.key)
        words += [f"names after {self.prefix}"] * bool(self.prefix)
        return ", ".join(words) or "its names as they are"


class Fitting(NamedTuple):
    """The weights of a checkpoint that fit a network, by the network's names."""

    tensors: Tensors
    place: Place
    notes: list[str]


def read_parts(path: Path) -> dict[str, Tensors]:
    """All named tensors of a file, by the key under which they lie: "" is the file itself.

    Raises:
        InputError: if it cannot be read, or has none.
    """
    content = read_content(path, fix=FIX)
    parts = dict(_parts(content, "", 0))
    if parts:
        return parts
    received = f"{type(content).__name__} in place of names and tensors"
    if isinstance(content, Inert):
        received = "a whole object, of which only code could make a network"
    if isinstance(content, Mapping):
        kinds = [
            f"{brief(key)} ({type(value).__name__})"
            for key, value in content.items()
        ]
        received = ", ".join(kinds[:3]) or "nothing"
    raise InputError(path, expected=EXPECTED, received=received, fix=FIX)


def _parts(content: object, key: str, depth: int) -> Iterator[tuple[str, Tensors]]:
    if not isinstance(content, Mapping) or depth > DEPTH:
        return
    tensors = {
        name: value for name, value in content.items() if is_plain(name, value)
    }
    if tensors:
        yield key, tensors
    for name, value in content.items():
        if isinstance(name, str):
            yield from _parts(value, f"{key}.{name}" if key else name, depth + 1)


def fit(
    parts: Mapping[str, Tensors],
    needed: Collection[str],
    where: object,
    expected: str,
    heads: tuple[str, ...] = (),
) -> Fitting:
    """Those weights that have all names that a network needs; an average before what it is of.

    Args:
        parts: as `read_parts` gives them.
        needed: the names that a network cannot do without.
        where: as in InputError.
        expected: as in InputError.
        heads: how names begin that may be there or not.

    Raises:
        InputError: if none has all names, or several differ and none is an average.
    """
    counts = _counts(parts, set(needed))
    fitting = [place for place, count in counts.items() if count == len(needed)]
    if not fitting and any(
        _WRAPPED.search(name) for name in chain(*parts.values())
    ):
        return fit(_without_inner_wrappers(parts), needed, where, expected, heads)
    if not fitting:
        raise _unfit(parts, counts, list(needed), where, expected, heads)
    averages = [place for place in fitting if place.is_average]
    chosen, *others = averages or sorted(fitting, key=_length)  # as they are
    tensors = _at(parts, chosen)
    for other in others:
        if not _same(tensors, _at(parts, other), needed):
            raise InputError(
                where,
                expected=f"{expected}, one set of them",
                received=f"two that differ: {_quoted(chosen)} and {_quoted(other)}",
                fix="save the one that is meant, as .safetensors",
            )
    _refuse_deeper(tensors, needed, where, expected)
    notes = []
    if chosen not in (Place("", ""), Place("state_dict", "")) or len(fitting) > 1:
        notes.append(f"read from {chosen}")
    left_out = [str(place) for place in fitting if place not in (chosen, *others)]
    if left_out:
        notes.append(f"not from {left_out[0]}, beside them")
    return Fitting(tensors, chosen, notes)


def _without_inner_wrappers(parts: Mapping[str, Tensors]) -> dict[str, Tensors]:
    """The parts without what wrappers of a network's own parts write into the middle of names."""
    return {
        key: {_WRAPPED.sub("", name): tensor for name, tensor in tensors.items()}
        for key, tensors in parts.items()
    }


def _length(place: Place) -> int:
    return len(place.prefix) + len(place.key)


def _counts(parts: Mapping[str, Tensors], needed: set[str]) -> Counter[Place]:
    """How many of the needed names stand at each place."""
    counts: Counter[Place] = Counter()
    for key, tensors in parts.items():
        for name in tensors:
            starts = [0, *(at + 1 for at, sign in enumerate(name) if sign == ".")]
            for start in starts:
                if name[start:] in needed:
                    counts[Place(key, name[:start])] += 1
    return counts


def _at(parts: Mapping[str, Tensors], place: Place) -> Tensors:
    length = len(place.prefix)
    return {
        name[length:]: tensor
        for name, tensor in parts[place.key].items()
        if name.startswith(place.prefix)
    }


def _same(one: Tensors, other: Tensors, names: Collection[str]) -> bool:
    return all(
        one[name].shape == other[name].shape and torch.equal(one[name], other[name])
        for name in names
    )


def _quoted(place: Place) -> str:
    return f"`{place}`"


def _unfit(
    parts: Mapping[str, Tensors],
    counts: Counter[Place],
    needed: list[str],
    where: object,
    expected: str,
    heads: tuple[str, ...],
) -> InputError:
    """How many names fit at the best place, the first that is missing and the first that is new."""
    first = next(iter(parts))
    place, count = (counts.most_common(1) or [(Place(first, ""), 0)])[0]
    prefix = place.prefix
    tensors = _at(parts, place)
    missing = next(name for name in needed if name not in tensors)
    modules = {prefix + _module(name) for name in needed}  # they count batches, too
    others = (
        name
        for name in parts[place.key]
        if _module(name) not in modules
        and not name.removeprefix(prefix).startswith(heads)
    )
    strange = next(others, None)
    received = f"{count} of its {len(needed)} parameters, no {prefix}{missing}"
    if strange:
        received += f" but {strange[:80]}"
    return InputError(
        where,
        expected=expected,
        received=received,
        fix="use the weights of this very network",
    )


def _module(name: str) -> str:
    return name.rpartition(".")[0]


def _refuse_deeper(
    tensors: Tensors, needed: Collection[str], where: object, expected: str
) -> None:
    """Refuses the weights of a network that has more blocks in a row.

    Those of the first blocks would fit, and the rest would be left out: nothing good comes of it.
    """
    blocks = _blocks(needed)
    rows = {row for row, _ in blocks}
    more = sorted(
        f"{row}.{number}"
        for row, number in _blocks(tensors) - blocks
        if row in rows
    )
    if more:
        raise InputError(
            where,
            expected=expected,
            received=f"those of a deeper one, which has {more[0]}",
            fix="use the weights of this very network",
        )


def _blocks(names: Collection[str]) -> set[tuple[str, str]]:
    """The numbered parts of a network: ("layer1", "0") of layer1.0.conv1.weight."""
    return {
        (name[: match.start()], match[1])
        for name in names
        for match in _NUMBERED.finditer(name)
    }
