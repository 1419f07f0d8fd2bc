"""Parameters that passed are not tried again, unless something else would judge them."""

from pathlib import Path

import pytest

from croquis.check import passed_before
from croquis.check.passed_before import params_fingerprint, passed, remember_passed


@pytest.fixture
def parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A params.yaml, and a package of one module that judges it."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "croquis").mkdir()
    (tmp_path / "croquis" / "judge.py").write_text("1\n")
    monkeypatch.setattr(
        passed_before.croquis, "__file__", str(tmp_path / "croquis/__init__.py")
    )
    (tmp_path / "params.yaml").write_text("lr: 1\n")
    return tmp_path / "params.yaml"


def test_what_passed_is_known_by_the_next_process(parameters: Path) -> None:
    assert not passed(params_fingerprint(parameters))
    remember_passed(params_fingerprint(parameters))
    assert passed(params_fingerprint(parameters))


def test_other_parameters_have_not_passed(parameters: Path) -> None:
    remember_passed(params_fingerprint(parameters))
    parameters.write_text("lr: 2\n")
    assert not passed(params_fingerprint(parameters))


def test_code_and_libraries_that_might_judge_otherwise_are_asked_again(
    parameters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = params_fingerprint(parameters)
    remember_passed(before)
    judge = parameters.parent / "croquis" / "judge.py"
    judge.write_text("2\n")
    assert not passed(params_fingerprint(parameters))
    judge.write_text("1\n")
    assert params_fingerprint(parameters) == before
    judge.rename(judge.with_name("other.py"))
    assert params_fingerprint(parameters) != before
    judge.with_name("other.py").rename(judge)
    monkeypatch.setattr(passed_before, "version", lambda name: f"{name} 99")
    assert params_fingerprint(parameters) != before


def test_another_python_asks_again(
    parameters: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = params_fingerprint(parameters)
    monkeypatch.setattr(passed_before.platform, "python_version", lambda: "3.99.0")
    assert params_fingerprint(parameters) != before


def test_a_damaged_note_says_nothing(parameters: Path) -> None:
    """A flipped bit made it no text, and `make repro` ended in an error of Python's."""
    remember_passed(params_fingerprint(parameters))
    note = parameters.parent / ".resume" / "checked"
    note.write_bytes(b"\xb9" + note.read_bytes())
    assert not passed(params_fingerprint(parameters))
