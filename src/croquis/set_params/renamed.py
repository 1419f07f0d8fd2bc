"""What earlier versions called otherwise: parameters, and keys of metrics."""

import functools
from importlib import resources

from croquis.core.yaml_files import load_yaml


@functools.cache
def renamed(kind: str) -> dict[str, str]:
    """Old names and what they are called now.

    Args:
        kind: "params" for dotted keys of params.yaml, "metrics" for keys of metrics/*.json.
    """
    text = (
        resources.files("croquis.set_params").joinpath("renamed.yaml").read_bytes()
    )
    return dict(load_yaml(text)[kind])
