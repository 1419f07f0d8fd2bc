"""Whether params.yaml, which goes to git and to dvc.lock, holds a password of the data source."""

from collections.abc import Mapping
from typing import Any

from croquis.core.addresses import hide_secrets, holds_secret

ADVICE = (
    "git, dvc.lock and DVC's run cache keep it as it is: take it out, and put it into"
    " ~/.netrc, CROQUIS_TOKEN or, as {NAME}, an environment variable (docs/data.md)"
)


def source_secret_lines(tree: Mapping[str, Any]) -> list[str]:
    """A line where `data.source` holds a password, a token or a signature; else none."""
    data = tree.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    if not isinstance(source, str) or not holds_secret(source):
        return []
    return [f"data.source holds a secret, {hide_secrets(source)}; {ADVICE}"]
