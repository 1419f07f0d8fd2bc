"""The files of the report: each is what its name says, in any order."""

from collections.abc import Callable
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.report.report_files import ReportFiles
from support.leftovers import paths_of


def test_files_come_in_any_order() -> None:
    paths = paths_of(Path("data"))
    turned = {option: files[::-1] for option, files in paths.items()}
    files = ReportFiles.of(**turned)
    assert files == ReportFiles.of(**paths)
    assert files.results["networks"] == Path("data/networks.csv")
    assert files.metrics["vote"] == Path("data/vote.json")


@pytest.mark.parametrize(
    ("change", "received"),
    [
        (lambda files: files[1:], "received data/groups.csv"),
        (lambda files: [*files, files[0]], "overrides.csv, data/folds.csv"),
        (lambda files: [*files, Path("data/stray.csv")], "data/stray.csv"),
        (lambda files: [], "received none"),
    ],
    ids=["missing", "twice", "stray", "none"],
)
def test_a_table_that_is_missing_or_too_many_is_refused(
    change: Callable[[list[Path]], list[Path]], received: str
) -> None:
    paths = paths_of(Path("data"))
    paths["tables"] = change(paths["tables"])
    with pytest.raises(InputError, match=r"--tables: .*folds, groups") as error:
        ReportFiles.of(**paths)
    assert received in str(error.value)
    assert "correct the command of the stage report" in str(error.value)
