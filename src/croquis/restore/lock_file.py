"""Whether DVC can read dvc.lock; it names no way back where it cannot."""

from croquis.core import pipeline
from croquis.core.errors import InputError
from croquis.core.pipeline import DVC_LOCK
from croquis.core.yaml_files import load_yaml


def refuse_damaged_lock() -> None:
    """Raises InputError, with the way back, if DVC cannot read dvc.lock.

    By DVC's own rules: an editor or a merge may have taken a line that croquis does not read.
    """
    if not DVC_LOCK.is_file():
        return
    pipeline.read_lock()
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    try:
        COMPILED_LOCKFILE_SCHEMA(load_yaml(DVC_LOCK.read_bytes()))
    except Invalid as error:
        raise InputError(
            DVC_LOCK,
            expected="what DVC writes",
            received=str(error).partition(" for dictionary value")[0],
            fix=pipeline.way_back(DVC_LOCK),
        ) from error
