"""A conflict of a merge is named by file and line, with what to do about it."""

import subprocess
from pathlib import Path

import pytest

from croquis.core import params, pipeline
from croquis.core.errors import InputError

OURS = "stages:\n  one:\n    cmd: a\n"
BOTH = f"<<<<<<< HEAD\n{OURS}=======\n{OURS}>>>>>>> other\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def git(*words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *who, *words], check=False, capture_output=True)


def merge(name: str) -> None:
    """A merge that git cannot end."""
    git("init", "-q", "-b", "main")
    for text in ("lr: 1\n", "lr: 2\n", "lr: 3\n"):
        Path(name).write_text(text)
        git("add", name)
        git("commit", "-qm", text)
        if text == "lr: 2\n":
            git("branch", "other")
            git("reset", "-q", "--hard", "HEAD~1")
    git("merge", "other")
    assert "<<<<<<<" in Path(name).read_text()


def test_of_parameters_one_text_can_be_taken_whole() -> None:
    merge("params.yaml")
    with pytest.raises(InputError) as caught:
        params.read()
    assert str(caught.value) == (
        "params.yaml: expected one text, received two, as git could not merge them (line"
        " 1); choose in the file, or take one whole: `git checkout --ours -- params.yaml`,"
        " or `--theirs`; then `git add params.yaml`"
    )
    git("checkout", "--theirs", "--", "params.yaml")
    assert params.read() == {"lr": 2}


def test_dvc_lock_is_made_anew_from_the_last_commits() -> None:
    merge("dvc.lock")
    with pytest.raises(
        InputError, match=r"`git checkout HEAD -- dvc\.lock`, then `make"
    ):
        pipeline.read_lock()
    git("checkout", "HEAD", "--", "dvc.lock")
    assert Path("dvc.lock").read_text() == "lr: 3\n"


def test_markers_that_were_committed_are_to_be_deleted() -> None:
    Path("dvc.yaml").write_text(f"# one\n{BOTH}")
    with pytest.raises(
        InputError, match=r"\(line 2\); keep one of the two, and delete"
    ):
        pipeline.read_stages()


def test_a_line_of_equals_signs_is_no_conflict() -> None:
    Path("params.yaml").write_text("# Title\n# =======\n#=======\nlr: '<<<<<<<'\n")
    assert params.read() == {"lr": "<<<<<<<"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "stages: [1]",
        "stages: {one: 5}",
        "stages: {one: {outs: x}}",
        "stages: {one: {outs: [x]}}",
        "stages: {one: {outs: [{md5: 0}]}}",
        "stages: {one: {outs: [{path: x, md5: 7}]}}",
        "stages: {one: {deps: {a: b}}}",
        "stages: {one: {params: [lr]}}",
        "stages:\n  one:\n   cmd: x\n  outs",
        "\0\0\0",
    ],
)
def test_a_damaged_dvc_lock_is_named_with_the_way_back(text: str) -> None:
    Path("dvc.lock").write_text(text)
    with pytest.raises(InputError) as caught:
        pipeline.read_lock()
    assert str(caught.value).startswith("dvc.lock: expected ")
    assert str(caught.value).endswith(
        "`rm dvc.lock`, then `make repro` brings it up to date"
    )


def test_bytes_that_are_no_text_are_damage() -> None:
    Path("dvc.lock").write_bytes(b"\xff\xfe\x80\x00")
    with pytest.raises(InputError, match=r"dvc\.lock: expected valid YAML"):
        pipeline.read_lock()


@pytest.mark.parametrize(
    "text",
    ["5", "[a]", "{deps: 5}", "{deps: [5]}", "{outs: [{}]}", "{plots: {a: b}}"],
)
def test_a_stage_of_dvc_yaml_that_is_none_is_named(text: str) -> None:
    """`croquis why` blamed a parameter for it."""
    Path("dvc.yaml").write_text(f"stages:\n  one: {text}\n")
    with pytest.raises(InputError) as caught:
        pipeline.read_stages()
    assert str(caught.value) == (
        "dvc.yaml: expected one as `cmd:` with lists of `deps:`, received something else;"
        " correct it, or take git's: `git checkout HEAD -- dvc.yaml`"
    )
