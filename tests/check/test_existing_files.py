"""What stands where a run writes: which of it would be lost, and which is safe."""

import os
import shutil
from pathlib import Path

import pytest

from croquis.check.existing_files import (
    files_at,
    foreign_files,
    is_draft,
    link_on_the_way,
)
from croquis.check.outputs import declared
from croquis.core.files import atomic_write
from croquis.core.stage_files import written_files
from support.standing_files import (
    TREE,
    commit,
    dvc,
    environment,
    make,
    make_repository,
    run,
)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project before its first run."""
    return _enter(make(tmp_path / "project"), monkeypatch)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a run, committed with dvc.lock and metrics, and an older run behind it."""
    folder = make_repository(tmp_path_factory.mktemp("standing") / "project")
    text = (folder / "dvc.yaml").read_text()
    (folder / "dvc.yaml").write_text(text.replace("echo 2", "echo 1"))
    dvc(folder, "repro", "-q")
    commit(folder)
    (folder / "dvc.yaml").write_text(text)
    dvc(folder, "repro", "-q")
    commit(folder)
    return folder


@pytest.fixture
def after(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that: other times, no notes, and other places than DVC's memory has."""
    shutil.copytree(once, tmp_path / "project", symlinks=True)
    return _enter(tmp_path / "project", monkeypatch)


def _enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


def lost() -> list[str]:
    standing = {output: files_at(output) for output in declared(TREE)}
    return [path for paths in foreign_files(standing).values() for path in paths]


def put(path: str, text: str = "mine\n") -> None:
    """A person's file, in the place of whatever there is."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).unlink(missing_ok=True)
    Path(path).write_text(text)


def test_before_a_run_each_file_in_the_place_of_an_output_is_a_persons(
    fresh: Path,
) -> None:
    put("data/solution.csv")
    put("data/raw/train/cat/1.png")
    put("data/mine.zip")  # beside outputs
    assert lost() == ["data/raw/train/cat/1.png", "data/solution.csv"]


def test_what_systems_leave_and_empty_folders_are_nothing(fresh: Path) -> None:
    Path("data/raw/train").mkdir(parents=True)
    put("data/raw/.DS_Store")
    put("data/raw/train/._1.png")
    put("data/raw/Thumbs.db")
    assert lost() == []


def test_after_a_run_nothing_is_a_persons(after: Path) -> None:
    assert len(files_at(declared(TREE)[1])) == 2 and lost() == []


@pytest.mark.parametrize(
    "path", ["data/solution.csv", "data/raw/b", "data/raw/c", "metrics/vote.json"]
)
def test_what_replaced_an_output_or_was_added_to_it_is_a_persons(
    path: str, after: Path
) -> None:
    put(path)
    assert lost() == [path]


def test_an_edit_in_place_that_goes_through_to_the_cache_is_a_persons(
    after: Path,
) -> None:
    os.chmod("data/solution.csv", 0o644)
    Path("data/solution.csv").write_text("4\n")  # as many bytes
    assert lost() == ["data/solution.csv"]


def test_what_a_killed_stage_wrote_is_no_persons(after: Path) -> None:
    """DVC never saw it: neither its lock nor its cache."""
    shutil.rmtree("data/raw")
    with written_files.from_stage():
        with atomic_write(Path("data/raw")) as draft:
            draft.mkdir()
            (draft / "new").write_text("of a run")
        with atomic_write(Path("data/predictions/one/fold1")) as draft:
            draft.write_text("of a run")
    Path("data/.raw.ab12cd_9/raw").mkdir(parents=True)
    put("data/.raw.ab12cd_9/raw/half")
    put("data/raw/.new.ab12cd_9/new", "half")
    put("data/raw/train.0123456789abcdefghijkl.tmp", "half of DVC's")
    assert lost() == []
    put("data/raw/new")
    assert lost() == ["data/raw/new"]


def test_a_file_that_only_looks_like_a_leftover_is_a_persons(fresh: Path) -> None:
    names = (
        ".notes.template",
        ".a.short/a",
        "a.ab12cd_9/a",
        "x.tmp",
        ".a.ab12cd_9/b",
    )
    for name in names:
        put(f"data/raw/{name}")
    assert sorted(lost()) == sorted(f"data/raw/{name}" for name in names)


@pytest.mark.parametrize(
    ("inside", "draft"),
    [("raw", True), ("raw.old", True), ("tmpabcd_123", True), ("mine", False)],
)
def test_a_draft_holds_what_was_to_take_its_place(
    inside: str, draft: bool, fresh: Path
) -> None:
    put(f"data/.raw.ab12cd_9/{inside}/a")
    assert is_draft(Path("data/.raw.ab12cd_9")) is draft
    assert not is_draft(Path("data/.raw.ab12cd_9") / inside) and not is_draft(
        Path("params.yaml")
    )


def test_what_was_seen_to_be_safe_stays_so_until_it_is_touched(after: Path) -> None:
    put("data/solution.csv", "5\n")
    written_files.remember_files(
        {"data/solution.csv": written_files.sign_of(Path("data/solution.csv"))}
    )
    assert lost() == []
    os.utime("data/solution.csv", ns=(1, 1))
    assert lost() == ["data/solution.csv"]


def test_without_dvc_lock_the_cache_knows(after: Path) -> None:
    Path("dvc.lock").unlink()
    assert lost() == []


def test_without_the_cache_dvc_lock_knows_files_and_whole_folders(
    after: Path,
) -> None:
    shutil.rmtree(".dvc/cache")
    put("data/raw/.DS_Store")
    assert lost() == []
    put("data/raw/c")
    assert (
        "data/raw/c" in lost()
    )  # and with it the rest, which nothing vouches for one by one


def test_without_lock_and_cache_all_but_metrics_might_be_a_persons(
    after: Path,
) -> None:
    Path("dvc.lock").unlink()
    shutil.rmtree(".dvc/cache")
    assert "data/solution.csv" in lost() and "metrics/vote.json" not in lost()


def test_the_lock_of_another_commit_loses_nothing(after: Path) -> None:
    """data/raw/b is 2 here, and was 1 at the commit before."""
    run(after, "git", "checkout", "-q", "HEAD~1")
    assert Path("data/raw/b").read_text() == "2\n" and lost() == []
    dvc(after, "checkout", "-q")
    assert Path("data/raw/b").read_text() == "1\n" and lost() == []
    run(after, "git", "checkout", "-q", "-")
    assert lost() == []


def test_an_applied_experiment_is_no_persons(after: Path) -> None:
    dvc(after, "exp", "run", "-q", "--temp", "-n", "trial", "-S", "run.folds=[1]")
    dvc(after, "exp", "apply", "-q", "trial")
    assert lost() == []


def test_links_of_the_cache_are_dvcs(after: Path) -> None:
    dvc(after, "config", "cache.type", "symlink")
    dvc(after, "checkout", "-q", "--relink")
    assert (
        Path("data/solution.csv").is_symlink() and Path("data/raw/b").is_symlink()
    )
    assert (
        lost() == []
        and [link_on_the_way(output) for output in declared(TREE)] == [None] * 6
    )


def test_a_persons_link_on_the_way_to_an_output_is_found(fresh: Path) -> None:
    Path("elsewhere").mkdir()
    Path("data").mkdir()
    Path("data/raw").symlink_to(fresh / "elsewhere")
    Path("data/solution.csv").symlink_to("nowhere")
    Path("data/predictions").symlink_to(fresh / "elsewhere")
    links = {output.path: link_on_the_way(output) for output in declared(TREE)}
    assert links == {
        "data/checked.txt": None,
        "data/raw": "data/raw",
        "data/solution.csv": "data/solution.csv",
        "data/predictions/one/fold0": "data/predictions",
        "data/predictions/one/fold1": "data/predictions",
        "metrics/vote.json": None,
    }


def test_a_link_inside_an_output_is_a_persons_and_is_not_followed(
    after: Path,
) -> None:
    Path("data/raw/mine").symlink_to(after / "stages")
    assert lost() == ["data/raw/mine"]
