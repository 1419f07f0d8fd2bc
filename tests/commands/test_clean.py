"""`croquis clean` removes what runs made, and no file of a person's."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.core.files import atomic_write
from croquis.core.stage_files import written_files
from croquis.fanout.checkouts import in_use
from support.standing_files import dvc, environment, make_repository


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_repository(tmp_path_factory.mktemp("clean") / "project")
    dvc(folder, "repro", "-q")
    return folder


@pytest.fixture
def project(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(once, folder, symlinks=True)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


def put(path: str, text: str = "mine") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def clean() -> str:
    done = CliRunner().invoke(app, ["clean"])
    assert done.exit_code == 0, done.output
    return done.output


def left() -> list[str]:
    return sorted(path.as_posix() for path in Path("data").rglob("*"))


def test_all_outputs_of_a_run_go_with_their_folders_and_metrics_stay(
    project: Path,
) -> None:
    put("data/README.md")
    assert clean() == "removed 6 files that runs made\n"
    assert left() == ["data/README.md"] and Path("metrics/vote.json").is_file()
    assert clean() == "removed 0 files that runs made\n"


def test_checkouts_of_stages_side_by_side_go_unless_one_is_in_use(
    project: Path,
) -> None:
    checkout = Path(".fanout/checkouts/a")
    put(f"{checkout}/data/x")
    put(".fanout/logs/train.log")
    with in_use(checkout):
        assert "left    .fanout: a stage runs in it\n" in clean()
        assert Path(f"{checkout}/data/x").is_file()
    assert "left" not in clean() and not Path(".fanout").exists()


def test_an_archive_beside_outputs_stays(project: Path) -> None:
    """It was deleted: all but two files of data/ were taken for outputs."""
    put("data/mine.tar.gz")
    put("data/predictions/notes.txt")
    clean()
    assert left() == [
        "data/mine.tar.gz",
        "data/predictions",
        "data/predictions/notes.txt",
    ]


def test_a_persons_file_in_the_place_of_an_output_stays_and_is_named(
    project: Path,
) -> None:
    Path("data/solution.csv").unlink()
    put("data/solution.csv")
    put("data/raw/train/mine.png")
    assert clean().splitlines() == [
        "removed 5 files that runs made",
        "left    data/raw/train/mine.png: no run made it, or it was changed since",
        "left    data/solution.csv: no run made it, or it was changed since",
    ]
    assert left() == [
        "data/raw",
        "data/raw/train",
        "data/raw/train/mine.png",
        "data/solution.csv",
    ]


def test_what_a_link_points_to_stays(project: Path, tmp_path: Path) -> None:
    shutil.move("data/raw", tmp_path / "mine")
    Path("data/raw").symlink_to(tmp_path / "mine")
    assert "left    data/raw: a link, and what it points to" in clean()
    assert Path("data/raw").is_symlink() and (tmp_path / "mine" / "b").is_file()


def test_outputs_of_members_that_run_no_more_go_too(project: Path) -> None:
    """dvc.lock has those that ended, the notes of runs have those that were killed."""
    Path("params.yaml").write_text(
        "data: {source: icons}\nrun: {models: [new], folds: [0]}\n"
    )
    with (
        written_files.from_stage(),
        atomic_write(Path("data/predictions/killed/fold0")) as draft,
    ):
        draft.write_text("of a run")
    put("data/predictions/other/fold0")
    clean()
    assert left() == [
        "data/predictions",
        "data/predictions/other",
        "data/predictions/other/fold0",
    ]


def test_a_file_of_a_folder_in_dvc_lock_is_removed_once(project: Path) -> None:
    """The notes name a file, dvc.lock the folder around it: the second removal found no file."""
    Path("params.yaml").write_text(
        "data: {source: icons}\nrun: {models: [new], folds: [0]}\n"
    )
    text = (
        Path("dvc.yaml")
        .read_text()
        .replace("data/raw, data/solution.csv", "data/solution.csv")
    )
    Path("dvc.yaml").write_text(text)
    files = ("data/raw/b", "data/raw/train/a", "data/predictions/one/fold0")
    written_files.remember_files(
        {path: written_files.sign_of(Path(path)) for path in files}
    )
    assert clean() == "removed 6 files that runs made\n"
    assert left() == []


def test_a_file_of_an_output_within_an_output_is_removed_once(
    project: Path,
) -> None:
    """dvc.lock has a folder of an older dvc.yaml, which has parts of it now."""
    text = (
        Path("dvc.yaml")
        .read_text()
        .replace("data/raw, data", "data/raw/train, data")
    )
    Path("dvc.yaml").write_text(text)
    assert clean() == "removed 6 files that runs made\n"
    assert left() == []


def test_half_made_drafts_and_junk_go(project: Path) -> None:
    put("data/.raw.ab12cd_9/raw/half")
    put("data/raw/.DS_Store")
    put("data/.hidden")
    put("data/.mine.template")
    put("data/.mine.ab12cd_9/other")
    clean()
    assert [path for path in left() if Path(path).is_file()] == [
        "data/.hidden",
        "data/.mine.ab12cd_9/other",
        "data/.mine.template",
    ]


def test_parameters_that_cannot_be_read_are_no_hindrance(project: Path) -> None:
    Path("params.yaml").write_text("run: [")
    assert clean() == "removed 6 files that runs made\n"
