"""The versions of MLflow's tables that the installed MLflow knows, without importing it."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

FOLDER = "store/db_migrations/versions"
LINE = re.compile(
    r"""^(down_)?revision(?::[^=]+)?\s*=\s*["'](\w+)["']""", re.MULTILINE
)


class Revisions(NamedTuple):
    """The versions by name; both are empty where MLflow keeps them elsewhere.

    Attributes:
        every: all of them.
        newest: the one that MLflow asks for.
    """

    every: frozenset[str]
    newest: str


@cache
def revisions() -> Revisions:
    """What the files of MLflow's migrations say: each names itself and the one before it.

    Importing MLflow and alembic for the same answer takes two seconds.
    """
    names: set[str] = set()
    replaced: set[str] = set()
    for file in _folder().glob("*.py"):
        for down, name in LINE.findall(file.read_text(encoding="utf-8")):
            (replaced if down else names).add(name)
    newest = names - replaced
    if len(newest) != 1:  # no chain: MLflow itself has to judge
        return Revisions(frozenset(), "")
    return Revisions(frozenset(names), newest.pop())


def _folder() -> Path:
    spec = find_spec("mlflow")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0] if places else "mlflow", FOLDER)
