"""Parameters as MLflow takes them: flat, a hundred in one call."""

from collections.abc import Mapping
from typing import Any

from croquis.core.addresses import hide_secrets

BATCH = 100  # parameters that MLflow takes in one call
LONGEST = 6000  # characters of a parameter that it takes


def flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one with dotted keys: {"a": {"b": 1}} to {"a.b": 1}."""
    dotted: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            dotted |= flat(value, f"{prefix}{key}.")
        else:
            dotted[f"{prefix}{key}"] = value
    return dotted


def log_params(client: Any, run_id: str, params: Mapping[str, Any]) -> None:
    """Logs parameters, nested ones by dotted keys, without secrets."""
    from mlflow.entities import Param

    entries = [
        Param(key, hide_secrets(str(value))[:LONGEST])
        for key, value in flat(params).items()
    ]
    for start in range(0, len(entries), BATCH):
        client.log_batch(run_id, params=entries[start : start + BATCH])
