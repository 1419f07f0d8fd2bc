"""A fingerprint changes with parameters, data or code, and with nothing else."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from croquis.runtime.fingerprint import (
    code_fingerprint,
    data_fingerprint,
    fingerprint,
)


def test_parameters_data_and_code_each_change_it() -> None:
    base = fingerprint({"lr": 1e-3, "epochs": 8}, "data", "code")
    assert len(base) == 16 and int(base, 16) >= 0
    others = {
        fingerprint({"lr": 1e-4, "epochs": 8}, "data", "code"),
        fingerprint({"lr": 1e-3, "epochs": 8}, "atad", "code"),
        fingerprint({"lr": 1e-3, "epochs": 8}, "data", "edoc"),
        fingerprint({"lr": 1e-3, "epochs": 8}, "datac", "ode"),
    }
    assert len(others | {base}) == 5


def test_the_order_of_parameters_does_not() -> None:
    assert fingerprint({"a": 1, "b": {"d": 2, "c": 3}}, "", "") == fingerprint(
        {"b": {"c": 3, "d": 2}, "a": 1}, "", ""
    )


def test_a_changed_table_changes_the_data(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    folds = tmp_path / "folds.csv"
    index.write_text("id\na\n")
    folds.write_text("id\nb\n")
    before = data_fingerprint(index, folds)
    assert (
        data_fingerprint(index, folds) == before != data_fingerprint(folds, index)
    )
    # Rows that move from one table to the other are a change too.
    index.write_text("id\na\nid\n")
    folds.write_text("b\n")
    assert data_fingerprint(index, folds) != before


def test_the_data_is_the_blake2b_of_the_lengths_and_hashes_of_its_files(
    tmp_path: Path,
) -> None:
    """(printf '\\x40\\0\\0\\0\\0\\0\\0\\0'; b2sum a | cut -c1-128 | xxd -r -p) | b2sum -l 64."""
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert data_fingerprint(path) == "5115e3f63e751862"


def test_an_edit_of_loaded_code_changes_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("croquis.invented")
    module.__file__ = str(tmp_path / "invented.py")
    Path(module.__file__).write_text("x = 1\n")
    without = code_fingerprint()
    monkeypatch.setitem(sys.modules, "croquis.invented", module)
    before = code_fingerprint()
    assert before == code_fingerprint() != without
    Path(module.__file__).write_text("x = 2\n")
    assert code_fingerprint() != before


def test_code_of_networks_counts_though_nothing_has_loaded_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recipe may want it only when the training has begun."""
    monkeypatch.setattr("croquis.runtime.fingerprint.PACKAGE", tmp_path)
    head = tmp_path / "heads/invented.py"
    head.parent.mkdir()
    head.write_text("x = 1\n")
    before = code_fingerprint()
    head.write_text("x = 2\n")
    assert code_fingerprint() != before


def test_the_running_script_is_part_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "train.py"
    script.write_text("a\n")
    main = sys.modules["__main__"]  # of a worker of pytest-xdist it has no file
    monkeypatch.setattr(main, "__file__", str(script), raising=False)
    before = code_fingerprint()
    script.write_text("b\n")
    assert code_fingerprint() != before
