"""Parameters that passed are not rehearsed again, unless something else would judge them."""

from pathlib import Path

import pytest

from croquis.check import checked_before
from croquis.check.checked_before import fingerprint, passed, remember


@pytest.fixture
def parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A params.yaml, and a package of one module that judges it."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "croquis").mkdir()
    (tmp_path / "croquis" / "judge.py").write_text("1\n")
    monkeypatch.setattr(
        checked_before.croquis, "__file__", str(tmp_path / "croquis/__init__.py")
    )
    (tmp_path / "params.yaml").write_text("lr: 1\n")
    return tmp_path / "params.yaml"


def test_what_passed_is_known_by_the_next_process(parameters: Path) -> None:
    assert not passed(fingerprint(parameters))
    remember(fingerprint(parameters))
    assert passed(fingerprint(parameters))


def test_other_parameters_have_not_passed(parameters: Path) -> None:
    remember(fingerprint(parameters))
    parameters.write_text("lr: 2\n")
    assert not passed(fingerprint(parameters))


def test_code_and_libraries_that_might_judge_otherwise_are_asked_again(
    parameters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(parameters)
    remember(before)
    judge = parameters.parent / "croquis" / "judge.py"
    judge.write_text("2\n")
    assert not passed(fingerprint(parameters))
    judge.write_text("1\n")
    assert fingerprint(parameters) == before
    judge.rename(judge.with_name("other.py"))
    assert fingerprint(parameters) != before
    judge.with_name("other.py").rename(judge)
    monkeypatch.setattr(checked_before, "version", lambda name: f"{name} 99")
    assert fingerprint(parameters) != before
