"""What croquis did not expect: one line for a person, a file for whoever corrects it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from croquis.core import unexpected_errors


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stages/train.py", "--model", "m"])


def said(error: Exception) -> str:
    """The line of an error that is raised here."""
    try:
        raise error
    except Exception as raised:
        return str(unexpected_errors.explain_error(raised))


def test_the_line_names_stage_kind_words_place_and_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train@m-0")
    line = said(ValueError("shapes differ\nby 3"))
    (file,) = Path(".resume/errors").iterdir()
    assert line == (
        "train@m-0: expected no error of Python's, received ValueError: shapes differ"
        f" (core/test_unexpected_errors.py, line 23); the traceback is in {file};"
        " docs/troubleshooting.md says what to do with it"
    )
    text = file.read_text()
    assert text.startswith("stages/train.py --model m\nPython 3.")
    assert text.endswith("raise error\nValueError: shapes differ\nby 3\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError(), "RuntimeError: no words"),
        (RuntimeError("\n \nlate"), "RuntimeError: late"),
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError("a" * 999), f"ValueError: {'a' * 300} ... ("),
        (
            ValueError(
                "Caught ValueError in DataLoader worker process 0.\nOriginal\n"
                "Traceback (most recent call last):\n  ...\nValueError: broken image\n"
            ),
            "received ValueError: ValueError: broken image (",
        ),
        (ValueError("caf\udce9.png"), "caf\udce9.png"),
    ],
)
def test_the_words_of_an_error_are_one_line(error: Exception, words: str) -> None:
    line = said(error)
    assert words in line and len(line.splitlines()) == 1


class Mute(Exception):
    """An error with a fault of its own."""

    def __str__(self) -> str:
        raise AttributeError("no such\nattribute")


class Odd(Exception):
    def __str__(self) -> str:
        return 3  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("error", "second"), [(Mute(), "AttributeError"), (Odd(), "TypeError")]
)
def test_an_error_that_cannot_say_what_it_is_has_a_line(
    error: Exception, second: str
) -> None:
    line = said(error)
    words = f"received {type(error).__name__}: no words, as its own __str__ raises {second} ("
    assert words in line and len(line.splitlines()) == 1


ENDS = [
    "GeneratorExit()",
    "BaseExceptionGroup('two', [KeyboardInterrupt(), ValueError('x')])",
]


@pytest.mark.parametrize(
    "end", [*ENDS, "type('Mute', (ValueError,), {'__str__': 3})()"]
)
@pytest.mark.parametrize("late", [True, False], ids=["running", "importing"])
def test_errors_of_all_kinds_are_one_line(end: str, late: bool) -> None:
    call = "cli.run(main)" if late else "main()"
    Path("stage.py").write_text(
        f"from croquis.core import cli\ndef main() -> None:\n    raise {end}\n{call}\n"
    )
    done = run("stage.py")
    name = end.split("(")[0] if end in ENDS else "Mute"
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"error: stage: expected no error of Python's, received {name}"
    )
    assert len(done.stderr.splitlines()) == 1


def test_the_line_of_croquis_is_named_rather_than_that_of_a_library() -> None:
    from croquis.core.files import write_json

    try:
        write_json(Path("a.json"), {"a": object()})
    except TypeError as error:
        line = str(unexpected_errors.explain_error(error))
    assert "(core/files.py, line " in line
    assert not Path("a.json").exists()


def test_the_command_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/venv/bin/croquis", "why"])
    assert said(ValueError("x")).startswith("croquis why: ")


def test_the_file_lies_in_the_project_from_wherever_it_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The checkout of an experiment is deleted when it ends."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "project"))
    line = said(ValueError("x"))
    (file,) = (tmp_path / "project/.resume/errors").iterdir()
    assert f"the traceback is in .resume/errors/{file.name};" in line


def test_old_files_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unexpected_errors, "KEPT", 2)
    for second in range(4):
        monkeypatch.setattr(
            "time.strftime", lambda _, now=second: f"20300101-00000{now}"
        )
        said(ValueError("x"))
    names = sorted(path.name[:15] for path in Path(".resume/errors").iterdir())
    assert names == ["20300101-000002", "20300101-000003"]


def test_a_disk_that_takes_no_file_loses_no_line() -> None:
    Path(".resume").touch()
    assert "CROQUIS_TRACEBACK=1 shows the traceback; docs" in said(ValueError("x"))


def test_an_error_in_a_thread_has_its_line() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError) as caught:
        pool.submit(lambda: 1 / 0).result()
    assert "ZeroDivisionError: division by zero (" in str(
        unexpected_errors.explain_error(caught.value)
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "import missing_library",
            "ModuleNotFoundError: No module named 'missing_library'",
        ),
        ("import broken", "SyntaxError: "),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_line(
    code: str, words: str
) -> None:
    """As torch on a machine without one of its libraries: stages import before they run."""
    Path("broken.py").write_text("def (")
    Path("stage.py").write_text(
        f"from croquis.core import cli\n{code}\ncli.run(print)\n"
    )
    done = run("stage.py")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(
        "error: stage: expected no error of Python's"
    ) and (words in done.stderr)
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" in run("stage.py", CROQUIS_TRACEBACK="1").stderr


def run(script: str, **more: str) -> subprocess.CompletedProcess:
    environment = (
        os.environ
        | {"PYTHONPATH": str(Path(unexpected_errors.__file__).parents[2])}
        | more
    )
    command = [sys.executable, script]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_the_folder_of_errors_is_no_business_of_git_and_dvc() -> None:
    root = Path(__file__).parents[2]
    for name in (".gitignore", ".dvcignore"):
        assert (
            f"/{unexpected_errors.FOLDER.parent}/"
            in (root / name).read_text().splitlines()
        )
