"""A stage's command line: options from the signature, bad input in one line."""

import ast
import errno
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from croquis.core import cli
from croquis.core.errors import InputError
from croquis.core.progress import progress

ROOT = Path(__file__).parents[2]
STAGES = sorted(ROOT.glob("stages/*.py"))
COMMANDS = ROOT / "src/croquis/commands/main.py"
WITHOUT_OPENMP = ("numpy", "pandas", "typer")


def ran(monkeypatch: pytest.MonkeyPatch, main, *arguments: str) -> object:
    """The exit status of `main` as a command."""
    monkeypatch.setattr(sys, "argv", ["stage", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.run(main)
    return caught.value.code


def test_the_signature_is_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def main(in_csv: cli.File, model: cli.Name, fold: cli.Number) -> None:
        """Reads."""
        seen.append((in_csv, model, fold))

    arguments = ["--in-csv", "a.csv", "--model", "m", "--fold", "3"]
    assert ran(monkeypatch, main, *arguments) == 0
    assert seen == [(Path("a.csv"), "m", 3)]


def test_bad_input_is_one_line_and_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def main() -> None:
        raise InputError(
            "seed", expected="an int", received="'x'", fix="correct it"
        )

    assert (
        ran(monkeypatch, main)
        == "error: seed: expected an int, received 'x'; correct it"
    )


def test_a_full_disk_is_one_line_and_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def main() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    reason = "error: disk: No space left on device; each file is whole or absent"
    assert ran(monkeypatch, main) == reason


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("says", ["cli.say", "print"])
def test_a_reader_that_has_gone_ends_it_in_silence(
    says: str, unbuffered: str
) -> None:
    """`| head -2`: it was an error of the disk. `print` is written when the program ends."""
    code = (
        "import os, sys; from croquis.core import cli; sys.argv = ['stage'];"
        f"os.close({{}}); cli.run(lambda: {says}('line'))"
    )
    reader, writer = os.pipe()
    command = [sys.executable, "-c", code.format(reader)]
    environment = os.environ | {"PYTHONPATH": "src", "PYTHONUNBUFFERED": unbuffered}
    child = subprocess.Popen(
        command,
        env=environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        pass_fds=[reader],
    )
    os.close(reader)
    os.close(writer)
    _, errors = child.communicate()
    assert (child.returncode, errors) == (141, b"")


def test_a_broken_pipe_of_another_program_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def main() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    assert str(ran(monkeypatch, main)).startswith("error: disk: Broken pipe")


def test_a_missing_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def main() -> None:
        (tmp_path / "folds.csv").read_text()

    assert "folds.csv: No such file or directory" in str(ran(monkeypatch, main))


def test_an_unexpected_error_is_one_line_and_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def main() -> None:
        raise KeyError("oops")

    monkeypatch.chdir(tmp_path)
    said = str(ran(monkeypatch, main))
    assert said.startswith(
        "error: stage: expected no error of Python's, received KeyError: 'oops'"
    )
    (file,) = Path(".resume/errors").iterdir()
    assert str(file) in said and "in main\n    raise KeyError" in file.read_text()


def test_the_traceback_itself_is_shown_on_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def main() -> None:
        raise KeyError("oops")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CROQUIS_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["stage"])
    with pytest.raises(KeyError, match="oops"):
        cli.run(main)
    assert not Path(".resume").exists()


@pytest.mark.parametrize(
    ("ending", "status"), [(SystemExit(143), 143), (KeyboardInterrupt(), 130)]
)
def test_a_signal_keeps_its_status(
    monkeypatch: pytest.MonkeyPatch, ending: BaseException, status: int
) -> None:
    def main() -> None:
        raise ending

    assert ran(monkeypatch, main) == status


def test_a_mistyped_option_keeps_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def main(fold: cli.Number) -> None:
        """Reads."""

    assert (
        ran(monkeypatch, main, "--fold", "x")
        == ran(monkeypatch, main, "--fald", "1")
        == 2
    )


def test_what_runs_under_our_command_line_is_not_tracked() -> None:
    code = (
        "import croquis.core.cli, huggingface_hub.constants as hub;"
        "import mlflow.telemetry.utils as mlflow;"
        "print(hub.HF_HUB_DISABLE_TELEMETRY, mlflow.is_telemetry_disabled())"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("CI", "DO_NOT_TRACK")
    }
    environment = {
        name: value
        for name, value in environment.items()
        if not name.startswith("PYTEST")
    }
    environment["PYTHONPATH"] = str(Path("src").absolute())
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize(
    ("environment", "load", "count"),
    [
        ({}, 4.9, "10000"),
        ({}, 5.1, "0"),  # four cores, four programs, and one more
        ({"GOMP_SPINCOUNT": "7"}, 9.0, "7"),
        ({"OMP_WAIT_POLICY": "PASSIVE"}, 0.0, None),  # which a count would outdo
        ({"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "7"}, 9.0, "7"),
    ],
)
def test_waiting_threads_spin_as_the_user_said_or_not_for_long(
    environment: dict[str, str],
    load: float,
    count: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside other programs a training that spins took up to 40 times as long."""
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "environ", {**os.environ, **environment})
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    runpy.run_path(cli.__file__)
    assert os.environ.get("GOMP_SPINCOUNT") == count


@pytest.mark.parametrize("script", [*STAGES, COMMANDS], ids=lambda path: path.name)
def test_the_command_line_is_imported_before_any_openmp(script: Path) -> None:
    """libgomp reads how to wait when it is loaded, by torch, scikit-learn and others."""
    before: set[str] = set()
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "croquis"
        ):
            assert (node.module, node.names[0].name) == ("croquis.core", "cli")
            break
        if isinstance(node, ast.ImportFrom | ast.Import):
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else node.names
            )
            before |= {
                getattr(name, "name", name).partition(".")[0] for name in names
            }
    else:
        pytest.fail(f"{script}: expected an import of croquis.core.cli")
    assert before <= {*sys.stdlib_module_names, *WITHOUT_OPENMP}


def test_no_openmp_is_loaded_before_the_command_line_says_how_to_wait() -> None:
    modules = ", ".join([*WITHOUT_OPENMP, "croquis.core.cli"])
    code = f"import {modules}; print(open('/proc/self/maps').read())"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(Path("src").absolute())}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    assert "numpy" in done.stdout and not re.search(r"lib[gi]?omp", done.stdout)


def test_a_stage_searches_for_garbage_as_usual_but_not_in_what_was_imported() -> (
    None
):
    """Searches of libraries that stay were a third of what a stage's start costs."""
    code = (
        "import gc; usual = gc.get_threshold();"
        "from croquis.core import cli; late = gc.get_threshold();"
        "cli.run(lambda: print(late > usual, gc.get_threshold() == usual, gc.get_freeze_count()))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path("src").absolute())}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    )
    patient, usual, frozen = done.stdout.split()
    assert (patient, usual) == ("True", "True") and int(frozen) > 10_000


def test_say_prints_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    cli.say("split: 5 folds")
    assert capsys.readouterr().out == "split: 5 folds\n"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "cp949"])
def test_any_name_can_be_printed_on_any_terminal(encoding: str) -> None:
    """A file name of other bytes than UTF-8, or a class in Hangul under LANG=C, was a traceback."""
    code = (
        "import sys; from croquis.core import cli; sys.argv = ['stage'];"
        "cli.run(lambda: cli.say('caf\\udce9 \\uac15\\uc544\\uc9c0 \\u2192 \\U0001f642'))"
    )
    environment = os.environ | {
        "PYTHONPATH": "src",
        "PYTHONIOENCODING": f"{encoding}:strict",
    }
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    # typer takes ASCII for a mistake.
    readable = "utf-8" if encoding == "ascii" else encoding
    assert (
        done.stdout.startswith(b"caf") and "강아지".encode(readable) in done.stdout
    )


def test_progress_is_silent_in_ci_and_passes_all_through(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert list(progress(range(3), "count")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "here", "named"),
    [("a", True, True), ("a", False, False), ("", True, False)],
)
def test_a_stage_that_fails_in_an_experiment_names_the_way_back(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    here: bool,
    named: bool,
) -> None:
    """Its value stays in params.yaml, unless it is queued and runs in a folder of its own."""

    def main() -> None:
        raise InputError(
            "lr", expected="a number", received="'abc'", fix="correct it"
        )

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(
        "DVC_ROOT", str(tmp_path if here else tmp_path / "elsewhere")
    )
    if name:
        monkeypatch.setenv("DVC_EXP_NAME", name)
    assert ("`croquis undo` takes" in str(ran(monkeypatch, main))) == named


def test_a_wrong_root_is_refused_before_the_work_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked = []
    monkeypatch.setenv("CROQUIS_ROOT", "project")
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    said = str(ran(monkeypatch, lambda: worked.append(1)))
    assert said == (
        "error: CROQUIS_ROOT: expected the absolute path of the project's folder,"
        " received 'project'; correct it, or unset it"
    )
    assert worked == []
