"""Stand-ins for what lies beside tensors in a checkpoint: settings, callbacks, numbers of NumPy.

A pickle names the class of each of them, and would run its code. A stand-in takes what it gets and
does nothing.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from torch.serialization import safe_globals

Form = Literal["object", "list", "mapping"]


class Inert:
    """An object that was not made."""

    __slots__ = ()

    def __new__(cls, *_: object, **__: object) -> "Inert":
        """Takes the arguments of any class."""
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        """Keeps none of them."""

    def __setstate__(self, state: object) -> None:
        """Keeps no state."""


class InertList(list[object]):
    """A list that was of some class; PyTorch adds to lists alone."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        """Keeps no state."""


class InertMapping:
    """A mapping that was of some class, such as the settings of Lightning: it keeps its items."""

    def __new__(cls, *_: object, **__: object) -> Any:
        """PyTorch sets items in mappings of its own alone."""
        return OrderedDict()


FORMS: Mapping[Form, type] = {
    "object": Inert,
    "list": InertList,
    "mapping": InertMapping,
}


@contextlib.contextmanager
def stand_ins(forms: Mapping[str, Form]) -> Iterator[None]:
    """PyTorch reads objects of these names as stand-ins of these forms, and runs no code of theirs.

    Args:
        forms: by the full name of a class, such as argparse.Namespace.
    """
    with safe_globals([(FORMS[form], name) for name, form in forms.items()]):
        yield


def recorder(name: str, forms: dict[str, Form]) -> type:
    """A class that notes in `forms` what a pickle does with objects of that name."""

    class Recorded(Inert):
        def __setitem__(self, key: object, value: object) -> None:
            forms[name] = "mapping"

        def append(self, value: object) -> None:
            forms[name] = "list"

        def extend(self, values: object) -> None:
            forms[name] = "list"

    forms.setdefault(name, "object")
    return Recorded
