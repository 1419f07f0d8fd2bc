"""The outputs of dvc.yaml, as DVC itself has them."""

from pathlib import Path

import pytest
from dvc.repo import Repo

from croquis.core import params
from croquis.check import outputs
from croquis.check.outputs import Output, declared
from croquis.core.errors import InputError
from support.standing_files import PARAMS, TREE, make


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make(tmp_path / "project"))
    return Path.cwd()


def paths(tree: dict) -> list[str]:
    return [output.path for output in declared(tree)]


@pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")
def test_the_outputs_of_this_project_are_those_that_dvc_sees() -> None:
    with Repo() as repo:
        seen = {
            repo.fs.relpath(out.fs_path, repo.root_dir): out.use_cache
            for out in repo.index.outs
        }
    assert {each.path: each.cached for each in declared(params.read())} == seen
    assert len(seen) > 50


def test_a_matrix_stage_has_outputs_for_each_member_and_fold(project: Path) -> None:
    assert paths(TREE) == [
        "data/checked.txt",
        "data/raw",
        "data/solution.csv",
        "data/predictions/one/fold0",
        "data/predictions/one/fold1",
        "metrics/vote.json",
    ]
    two = {"run": {"models": ["one", "two"], "folds": [3]}}
    assert paths(two)[3:5] == [
        "data/predictions/one/fold3",
        "data/predictions/two/fold3",
    ]


@pytest.mark.parametrize(
    "tree", [{}, {"run": None}, {"run": {"models": 1, "folds": [0]}}]
)
def test_parameters_that_make_no_sense_leave_the_other_outputs(
    tree: dict, project: Path
) -> None:
    """`check` complains of them, and files of a person may be at stake all the same."""
    assert {"data/raw", "data/solution.csv"} <= set(paths(tree))
    assert not [path for path in paths(tree) if "predictions" in path]


def test_stages_in_other_forms_of_dvc_are_seen(project: Path) -> None:
    Path("dvc.yaml").write_text(
        "stages:\n"
        "  each:\n"
        "    foreach: ${run.models}\n"
        "    do: {cmd: x, outs: ['a/${item}']}\n"
        "  keyed:\n"
        "    foreach: {p: {n: 1}, q: {n: 2}}\n"
        "    do: {cmd: x, outs: ['b/${key}/${item.n}']}\n"
        "  deep:\n"
        "    wdir: sub\n"
        "    cmd: x\n"
        "    plots: [c.csv: {x: a}]\n"
        "    outs: ['${data.source}.txt']\n"
    )
    assert sorted(paths(TREE)) == [
        "a/one",
        "b/p/1",
        "b/q/2",
        "sub/c.csv",
        "sub/icons.txt",
    ]


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("data/predictions/one/fold0", "train"),
        ("data/predictions/former/fold7/val.npz", "train"),
        ("data/raw/train/a.png", "download"),
        ("metrics/vote.json", "vote"),
        ("data/rawer", ""),
        ("weights/one/fold0", ""),
        ("../data/raw", ""),
    ],
)
def test_the_stage_that_writes_a_path_is_known(
    path: str, stage: str, project: Path
) -> None:
    assert outputs.maker_of(project / path) == stage


def test_dvc_lock_tells_what_a_stage_left(project: Path) -> None:
    Path("dvc.lock").write_text(
        "schema: '2.0'\n"
        "stages:\n"
        "  download:\n"
        "    outs:\n"
        "    - {path: data/raw, hash: md5, md5: aa.dir, size: 4, nfiles: 2}\n"
        "  train@gone-0:\n"
        "    outs:\n"
        "    - {path: data/predictions/gone/fold0, md5: bb}\n"
        "  nothing: {cmd: x}\n"
    )
    assert declared(TREE)[1] == Output("data/raw", "download", True, "aa.dir")
    assert declared(TREE)[2] == Output("data/solution.csv", "download", True, "")
    assert outputs.in_lock() == {
        "data/raw": "aa.dir",
        "data/predictions/gone/fold0": "bb",
    }


def test_a_lock_in_conflict_is_named_with_the_way_back(project: Path) -> None:
    Path("dvc.lock").write_text("<<<<<<< HEAD\nstages: {\n=======\n")
    with pytest.raises(
        InputError,
        match=r"dvc\.lock: expected one text, .*git checkout HEAD -- dvc",
    ):
        declared(params.read())
    assert Path("params.yaml").read_text() == PARAMS
