"""Whether params.yaml, which goes to git and to dvc.lock, holds a password of the data source."""

import re
from collections.abc import Mapping
from typing import Any

from croquis.core.addresses import hide_secrets, holds_secret

ADVICE = (
    "git, dvc.lock and DVC's run cache keep it as it is: take it out, and put it into"
    " ~/.netrc, CROQUIS_TOKEN or, as {NAME}, an environment variable (docs/data.md)"
)
# These have a name before the @ that is no secret: an account of a machine, or a store.
_NAME_ALONE = re.compile(
    r"((?:ssh|sftp|ftp|abfss?|wasbs?|hdfs|smb)://)[^\s/:@]+@", re.IGNORECASE
)


def source_secret_lines(tree: Mapping[str, Any]) -> list[str]:
    """A line where `data.source` holds a password, a token or a signature; else none."""
    data = tree.get("data")
    source = data.get("source") if isinstance(data, Mapping) else None
    if not isinstance(source, str) or not holds_secret(
        _NAME_ALONE.sub(r"\1", source)
    ):
        return []
    return [f"data.source holds a secret, {hide_secrets(source)}; {ADVICE}"]
