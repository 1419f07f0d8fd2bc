"""What a training rests on, as one hash: parameters, data and the code that is loaded."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from croquis.runtime.known_digests import known_digest

PACKAGE = Path(__file__).parents[1]
NETWORKS = ("backbones", "heads", "networks")  # folders of what a recipe may want


def data_fingerprint(*files: Path) -> str:
    """Hash of files: tables that carry a hash per image, or the pixels; 16 hex digits."""
    return _hash(*(bytes.fromhex(known_digest(path)) for path in files))


def code_fingerprint() -> str:
    """Hash of the running script and of each croquis module loaded by it; 16 hex digits.

    And of all code of networks, some of which is loaded only when a recipe wants it.
    """
    files = {
        name: Path(module.__file__)
        for name, module in sys.modules.items()
        if name.startswith("croquis") and module.__file__
    }
    files |= {
        f"croquis.{folder}.{path.stem}": path
        for folder in NETWORKS
        for path in (PACKAGE / folder).glob("*.py")
    }
    script = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
    scripts = [script.read_bytes()] if script.is_file() else []
    return _hash(*scripts, *(files[name].read_bytes() for name in sorted(files)))


def fingerprint(params: dict[str, Any], data: str, code: str) -> str:
    """One hash for all three; 16 hex digits."""
    return _hash(
        json.dumps(params, sort_keys=True).encode(), data.encode(), code.encode()
    )


def _hash(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        # With its length first, so that no two lists of parts look alike.
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
