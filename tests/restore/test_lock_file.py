"""A dvc.lock that DVC refuses is named with the way back, by DVC's own rules."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.restore.lock_file import refuse_damaged_lock

WHOLE = "schema: '2.0'\nstages:\n  one:\n    cmd: a\n    outs:\n    - path: b\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WHOLE.replace("schema: '2.0'\n", ""), "required key not provided"),
        (WHOLE.replace("2.0", "3.0"), "invalid schema version"),
        (WHOLE.replace("    cmd: a\n", ""), "required key not provided"),
        (
            WHOLE.replace("path: b", "path: b\n      odd: 1"),
            "extra keys not allowed",
        ),
    ],
)
def test_what_dvc_refuses_has_a_way_back(text: str, reason: str) -> None:
    """Without `schema:`, as a merge may leave it, `croquis why` blamed dvc.yaml."""
    Path("dvc.lock").write_text(text)
    with pytest.raises(InputError) as caught:
        refuse_damaged_lock()
    assert str(caught.value).startswith(
        f"dvc.lock: expected what DVC writes, received {reason}"
    )
    assert str(caught.value).endswith(
        "; `rm dvc.lock`, then `make repro` brings it up to date"
    )


def test_a_whole_one_and_none_are_right() -> None:
    refuse_damaged_lock()
    Path("dvc.lock").write_text(WHOLE)
    refuse_damaged_lock()
