"""A run that would delete or write through a person's files is refused, with what to do."""

import os
from pathlib import Path

import pytest

from croquis.check.files_in_the_way import obstacles, refuse_obstacles
from croquis.core.errors import InputError
from croquis.core.stage_files import written_files
from support.standing_files import TREE, environment, make


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make(tmp_path / "project")
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    return folder


def put(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("mine\n")


def said(source: str = "icons") -> str:
    """The message of a refusal, or nothing."""
    try:
        refuse_obstacles({**TREE, "data": {"source": source}})
    except InputError as error:
        return str(error)
    return ""


def test_an_empty_place_is_no_obstacle() -> None:
    put("data/mine.tar.gz")
    put("mine/train/a.png")
    for source in (
        "icons",
        "https://x.org/a.zip",
        "data/mine.tar.gz",
        "mine",
        "./mine/",
        "../x",
    ):
        assert said(source) == ""


def test_a_file_in_the_place_of_an_output_is_refused_with_a_free_name() -> None:
    put("data/solution.csv")
    assert said() == (
        "data/solution.csv: expected what a run made, as DVC deletes it before the stage download, "
        "received a file that no run made, or that was changed since; "
        "move it away: mv data/solution.csv solution.csv"
    )
    put("solution.csv")
    put("solution.csv-2")
    assert said().endswith("mv data/solution.csv solution.csv-3")


def test_files_in_the_place_of_a_folder_are_counted_and_moved_together() -> None:
    for name in "abcd":
        put(f"data/raw/train/{name}.png")
    message = said()
    assert (
        "received 4 files that no run made, or changed since: data/raw/train/"
        in message
    )
    assert "and 1 more; move it away: mv data/raw raw; as the data" in message
    assert message.endswith("say -S data.source=raw")


def test_one_file_among_outputs_is_moved_alone() -> None:
    put("data/raw/train/a.png")
    assert said().endswith("move it away: mv data/raw/train/a.png a.png")


def test_names_with_blanks_are_quoted_for_the_shell() -> None:
    put("data/raw/my cat.png")
    assert said().endswith("mv 'data/raw/my cat.png' 'my cat.png'")


def test_what_comes_while_it_looks_is_not_taken_for_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hashing may take a while."""

    def slow(standing: dict) -> dict:
        put("data/solution.csv")
        return {}

    monkeypatch.setattr("croquis.check.files_in_the_way.foreign_files", slow)
    refuse_obstacles(TREE)
    assert written_files.noted_signs() == {}


def test_a_run_over_two_things_names_both() -> None:
    put("data/solution.csv")
    put("data/predictions/one/fold1/val.npz")
    message = said()
    assert message.startswith("data/solution.csv: ")
    assert message.endswith(
        "; then see to data/predictions/one/fold1 (`croquis doctor`)"
    )
    assert [each.where for each in obstacles(TREE)] == [
        "data/solution.csv",
        "data/predictions/one/fold1",
    ]


def test_outputs_of_members_that_do_not_run_are_in_nobodys_way() -> None:
    put("data/predictions/two/fold0")
    put("data/predictions/one/fold2")
    assert said() == ""


@pytest.mark.parametrize(
    "source",
    [
        "data/raw",
        "data/raw/",
        "./data/../data/raw",
        "data/raw/deep",
        "data/raw/deep/a.zip",
        "HERE/data/raw",
    ],
)
def test_a_source_in_the_place_of_an_output_is_refused(
    source: str, project: Path
) -> None:
    put("data/raw/deep/a.zip")
    source = source.replace("HERE", str(project))
    message = said(source)
    assert message.startswith("data.source: expected data that lies apart")
    name = Path(source).name
    assert message.endswith(
        f"move it: mv {source} {name}, and say -S data.source={name}"
    )


def test_a_source_that_is_gone_from_the_place_of_an_output_is_refused() -> None:
    assert said("data/raw").endswith(
        "see where your data is, and say -S data.source=raw"
    )


@pytest.mark.parametrize(
    "source", [".", "..", "data", "/", "./data/", "data/predictions"]
)
def test_a_source_that_holds_outputs_is_refused(source: str) -> None:
    put("data/predictions/x")
    assert f"received {source!r}, which holds data/" in said(source)


def test_a_source_by_a_link_or_from_home_is_what_it_points_to(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("data/raw/a")
    Path("link").symlink_to(project / "data" / "raw")
    monkeypatch.setenv("HOME", str(project))
    assert "in the place of data/raw" in said("link")
    assert "in the place of data/raw" in said("~/data/raw")


@pytest.mark.parametrize(
    "source",
    ["file://HERE/data/raw/a", " data/raw/a\n", "'data/raw/a'", "$HERE/data/raw/a"],
)
def test_a_source_in_other_words_is_the_same_place(
    source: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`download` reads these, and DVC would delete the file before."""
    put("data/raw/a")
    monkeypatch.setenv("HERE", str(project))
    message = said(source.replace("//HERE", f"//{project}"))
    assert f"move it: mv {project}/data/raw/a a, and say" in message


def test_a_source_is_the_same_by_another_name_of_its_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a disk that ignores case, or by a second mount."""
    put("data/raw/a")
    put("RAW/a")
    same = os.path.samefile

    def samefile(one: Path, other: Path) -> bool:
        return same(
            *(str(path).replace("RAW", "data/raw") for path in (one, other))
        )

    monkeypatch.setattr(Path, "samefile", samefile)
    assert "in the place of data/raw" in said("RAW")


def test_in_an_experiments_folder_a_source_is_compared_with_the_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--temp` and queues run elsewhere, but a relative source starts at the project's folder."""
    put("data/raw/a")
    put("data/solution.csv")  # of the project, which this experiment does not touch
    monkeypatch.setenv("DVC_ROOT", str(project))
    monkeypatch.chdir(make(tmp_path / "experiment"))
    assert said() == ""
    assert "in the place of data/raw" in said("data/raw")
    assert "in the place of data/raw" in said(
        str(tmp_path / "experiment" / "data" / "raw")
    )
    assert "which holds" in said(str(tmp_path))


def test_an_output_that_is_a_link_is_refused_and_the_link_alone_is_to_go(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir()
    Path("data").mkdir()
    Path("data/raw").symlink_to(tmp_path / "mine")
    Path("data/solution.csv").symlink_to("nowhere")
    first, second = obstacles(TREE)
    assert (
        first.where == "data/raw"
        and first.received == f"a link to {tmp_path / 'mine'}"
    )
    assert first.fix == (
        "take the link away, what it points to stays: rm data/raw; "
        f"as the data to work on, say -S data.source={tmp_path / 'mine'}"
    )
    assert second.fix.endswith("rm data/solution.csv")


def test_a_folder_above_outputs_that_is_a_link_is_refused_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "big").mkdir()
    Path("data").symlink_to(tmp_path / "big")
    put("data/solution.csv")
    (only,) = obstacles(TREE)
    assert only.where == "data" and only.received == f"a link to {tmp_path / 'big'}"
    assert "rm data" in only.fix and "dvc cache dir" in only.fix


def test_the_output_of_check_itself_is_looked_at() -> None:
    put("data/checked.txt")
    assert said().startswith("data/checked.txt: ")


def test_what_passed_needs_no_second_look_and_what_was_refused_is_not_noted() -> (
    None
):
    put("data/raw/a")
    with written_files.from_stage():
        written_files.note_written(Path("data/raw"), Path("data/raw"))
    refuse_obstacles(TREE)
    assert written_files.SEEN.is_file() and written_files.noted_signs().keys() == {
        "data/raw/a"
    }
    put("data/solution.csv")
    assert (
        said().startswith("data/solution.csv")
        and "data/solution.csv" not in written_files.noted_signs()
    )


def test_parameters_that_make_no_sense_are_for_others_to_refuse() -> None:
    put("data/solution.csv")
    for tree in ({}, {"data": []}, {"data": {"source": 1}, "run": "x"}):
        assert [each.where for each in obstacles(tree)] == ["data/solution.csv"]
