"""What DVC's files of a project say: stages, outputs, hashes, and where its cache is."""

import configparser
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from croquis.core import yaml_files


@lru_cache(maxsize=64)
def parse_yaml(content: bytes) -> Mapping[str, Any]:
    """A YAML file's mapping; nothing where it cannot be read, as then it says nothing."""
    try:
        tree = yaml_files.load_yaml(content)
    except yaml_files.ParseError:
        return {}
    return tree if isinstance(tree, dict) else {}


def stages_of(content: bytes) -> Mapping[str, Any]:
    """The stages of a dvc.yaml or dvc.lock; nothing of a damaged one, which others complain of."""
    stages = parse_yaml(content).get("stages")
    if not isinstance(stages, dict):
        return {}
    return {
        name: entry for name, entry in stages.items() if isinstance(entry, dict)
    }


def uncached(pipeline: bytes) -> set[str]:
    """The outputs of a dvc.yaml that git keeps, not DVC's cache."""
    entries = stages_of(pipeline).values()
    kinds = ("outs", "metrics", "plots")
    outs = [
        out for entry in entries for kind in kinds for out in entry.get(kind) or []
    ]
    options = [
        pair for out in outs if isinstance(out, dict) for pair in out.items()
    ]
    return {
        path for path, option in options if (option or {}).get("cache") is False
    }


def md5(content: bytes) -> str:
    """DVC's hash of a file."""
    return hashlib.md5(content).hexdigest()


def cache(folder: Path) -> Path:
    """DVC's cache as the project's settings have it; without it, sizes alone are compared."""
    home = folder / ".dvc"
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        settings.read([home / "config", home / "config.local"], encoding="utf-8")
        place = settings.get("cache", "dir", fallback="cache")
    except (configparser.Error, UnicodeDecodeError):
        place = "cache"
    return home / place / "files" / "md5"
