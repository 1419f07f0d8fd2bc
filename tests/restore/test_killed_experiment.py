"""A killed `dvc exp run` moves HEAD or edits: the commands that are said bring all of it back."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.restore.dvc_locks import EXPERIMENT_LOCK
from croquis.restore.git import git_text
from croquis.restore.killed_experiment import (
    MERGE,
    clear_leftovers,
    find_killed_experiment,
    killed_experiment_lines,
    refuse_killed_experiment,
)
from croquis.restore.leftovers import put_right
from support.experiments import (
    edit,
    is_edited,
    kill_experiment,
    make_experiments,
    on_main,
)
from support.standing_files import environment

NOBODY = 2**22 + 1  # no process has this number
NOTE = '{{"write": {{"{}": {{"pid": {}, "cmd": "dvc exp run"}}}}, "read": {{}}}}'


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_experiments(tmp_path_factory.mktemp("experiments") / "project", 2)


@pytest.fixture
def project(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it with a person's edits, in which commands run."""
    folder = tmp_path / "project"
    shutil.copytree(once, folder, symlinks=True)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    edit(folder)
    return folder


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


def note(what: str, pid: int = NOBODY) -> None:
    """As DVC notes that it is at it."""
    EXPERIMENT_LOCK.parent.mkdir(parents=True, exist_ok=True)
    EXPERIMENT_LOCK.write_text(NOTE.format(what, pid))


def follow() -> str:
    """Gives the commands that are said, as they stand; the words before."""
    state = find_killed_experiment()
    assert state is not None
    line = state.fix.split("`")[1]
    subprocess.run(["bash", "-c", line], check=True, capture_output=True)
    return f"{state.says}: {line}"


def stashed_and_detached() -> None:
    """As DVC begins: edits in the stash, HEAD off its branch."""
    note("workspace")
    git("stash")
    git("checkout", "--detach")


def begun() -> None:
    """As DVC has an experiment at work."""
    head = git_text("symbolic-ref", "-q", "HEAD") or git_text("rev-parse", "HEAD")
    stashed_and_detached()
    git("update-ref", MERGE, "refs/stash")
    git("update-ref", "refs/exps/exec/EXEC_BASELINE", "HEAD")
    if head.startswith("refs/heads/"):
        git("symbolic-ref", "-m", "dvc: Restore HEAD to 'main'", "HEAD", head)
    else:
        git("update-ref", "-m", f"dvc: Restore HEAD to '{head}'", "HEAD", head)
    git("checkout", "--detach")
    git("stash", "pop", "--index")
    EXPERIMENT_LOCK.write_text('{"read": {}}')


def test_nothing_is_said_of_a_folder_where_all_is_well(project: Path) -> None:
    assert find_killed_experiment() is None
    assert killed_experiment_lines() == put_right() == []


def test_edits_in_the_stash_alone_come_back_with_the_branch(project: Path) -> None:
    stashed_and_detached()
    with pytest.raises(
        InputError, match=r"HEAD is on no branch, and your edits \(cod"
    ):
        refuse_killed_experiment()
    assert follow().endswith(
        "git checkout main && git stash pop --index 'stash@{0}'"
    )
    assert on_main(project) and is_edited(project)
    assert git_text("diff", "--cached", "--name-only") == "new.py"
    assert find_killed_experiment() is None


def test_a_kill_before_head_moves_is_seen_as_well(project: Path) -> None:
    note("workspace")
    git("stash")
    assert follow().endswith("alone: git stash pop --index 'stash@{0}'")
    assert is_edited(project) and put_right() == []


def test_edits_that_are_here_and_in_the_stash_come_back_once(project: Path) -> None:
    stashed_and_detached()
    git("stash", "apply", "--index")
    assert "git checkout -f main && " in follow()
    assert on_main(project) and is_edited(project)


def test_what_came_after_the_kill_is_kept(project: Path) -> None:
    stashed_and_detached()
    (project / "code.py").write_text("after the kill\n")
    (project / "new.py").write_text("after the kill\n")
    follow()
    assert on_main(project) and is_edited(project)
    assert (project / "new.py.now").read_text() == "after the kill\n"
    assert "after the kill" in git_text("stash", "show", "-p", "stash@{0}")
    assert find_killed_experiment() is None


def test_a_stash_of_an_older_day_stays_where_it_is(project: Path) -> None:
    git("stash")
    os.environ["GIT_COMMITTER_DATE"] = "2020-01-01T00:00:00"
    try:
        (project / "code.py").write_text("older\n")
        git("stash")
    finally:
        del os.environ["GIT_COMMITTER_DATE"]
    git("stash", "pop", "--index", "stash@{1}")
    stashed_and_detached()
    follow()
    assert is_edited(project) and "older" in git_text("stash", "show", "-p")


def test_of_a_run_that_was_at_work_head_alone_comes_back(project: Path) -> None:
    begun()
    assert follow() == "HEAD is on no branch: git checkout main"
    assert on_main(project) and is_edited(project)


def test_what_was_committed_after_the_kill_comes_along(project: Path) -> None:
    begun()
    git("commit", "-qam", "mine")
    commit = git_text("rev-parse", "HEAD")
    assert follow().endswith("git checkout -B main")
    assert git_text("rev-parse", "main") == commit and on_main(project)


def test_results_that_were_committed_as_an_experiment_stay_here(
    project: Path,
) -> None:
    begun()
    git("commit", "-qam", "dvc: commit experiment 0")
    git("update-ref", "refs/exps/00/11/bold-idea", "HEAD")
    tip = git_text("rev-parse", "main")
    follow()
    assert git_text("rev-parse", "HEAD") == tip and on_main(project)
    assert is_edited(project)  # as after an experiment that ends well


def test_edits_that_are_a_part_of_the_experiment_alone_come_back(
    project: Path,
) -> None:
    begun()
    git("reset", "--hard")
    assert "yours or of -S" in follow()
    assert on_main(project) and is_edited(project)


def test_a_head_that_a_person_detached_is_theirs(project: Path) -> None:
    git("checkout", "--detach")
    assert find_killed_experiment() is None
    begun()  # from there, as in a CI
    assert find_killed_experiment() is None  # HEAD is where it was


def test_what_was_brought_back_and_detached_again_is_theirs(project: Path) -> None:
    begun()
    follow()
    git("checkout", "--detach")
    assert find_killed_experiment() is None


def test_an_experiment_that_is_at_work_is_none_that_was_killed(
    project: Path, tmp_path: Path
) -> None:
    """Found by the program that runs, as its numbers are noted nowhere for hours."""
    begun()
    program = tmp_path / "dvc"
    program.write_text("import time; print(flush=True); time.sleep(60)\n")
    words = ["python", str(program), "exp", "run"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert find_killed_experiment() is None
        assert clear_leftovers() == []
    finally:
        process.kill()
        process.communicate()
    assert find_killed_experiment() is not None


def test_an_experiment_that_waits_since_a_kill_does_not_run_with_the_next(
    project: Path,
) -> None:
    git("stash")
    git("update-ref", "--create-reflog", "refs/exps/stash", "refs/stash")
    git("stash", "pop", "--index")
    (line,) = put_right()
    assert "would have run, too; it is dropped (`git stash apply " in line
    assert git_text("for-each-ref", "refs/exps/stash") == "" and is_edited(project)
    git("reset", "--hard")
    subprocess.run(line.split("`")[1].split(), check=True, capture_output=True)
    assert is_edited(project)


def test_what_a_run_leaves_in_git_goes_once_head_is_back(project: Path) -> None:
    begun()
    follow()
    assert put_right() == []
    assert git_text("for-each-ref", "refs/exps/exec") == ""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["detached", "at work"])
def test_a_real_kill_loses_nothing(moment: str, project: Path) -> None:
    """By the commands alone, as a person would give them."""
    begins = project / ".git" / MERGE

    def has_come() -> bool:
        return not on_main(project) and (moment == "detached" or begins.is_file())

    pause = 0 if moment == "detached" else 1
    status = kill_experiment(project, signal.SIGKILL, has_come, pause)
    assert status == -signal.SIGKILL and not on_main(project)
    time.sleep(0.1)
    follow()
    assert on_main(project) and is_edited(project)
    put_right()
    assert find_killed_experiment() is None
