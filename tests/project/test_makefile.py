"""The targets of the Makefile are listed; its environment outlives kills, moves and upgrades."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MAKEFILE = Path("Makefile").read_text(encoding="utf-8")


def test_help_lists_every_target_that_is_for_people() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split()
    listed = re.findall(r"^([a-z]+):.*## .+$", MAKEFILE, re.MULTILINE)
    assert sorted(phony) == sorted(listed)


def test_a_line_of_help_fits_100_columns() -> None:
    said = re.findall(r"^[a-z]+:.*## (.+)$", MAKEFILE, re.MULTILINE)
    assert said and max(map(len, said)) <= 100 - len("  make experiments  ")


def test_nothing_is_reported() -> None:
    # MLflow compares with "true"; gradio with "True".
    assert "\nexport DO_NOT_TRACK := true\n" in MAKEFILE
    assert "\nexport GRADIO_ANALYTICS_ENABLED := False\n" in MAKEFILE


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("DATA=자료 (1)=x,#'$$HOME.zip",), {}, "자료 (1)=x,#'$HOME.zip"),
        (("DATA=$HOME (2).zip",), {}, "$HOME (2).zip"),
        (
            ("DATA=$(shell touch ran)`touch ran`.zip",),
            {},
            "$(shell touch ran)`touch ran`.zip",
        ),
        ((), {"DATA": "of another program"}, None),
        ((), {}, None),
    ],
)
def test_the_data_of_the_command_line_alone_is_used(
    tmp_path: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    said: str | None,
) -> None:
    """The recipe's own lines, with a program in place of croquis that says what it was given."""
    text, rule = re.findall(
        r"^ifeq \([^\n]*DATA.*?^endif\n", MAKEFILE, re.MULTILINE | re.DOTALL
    )
    lines = rule.replace("$(RUN) croquis", "printf '%s\\n'")
    (tmp_path / "Makefile").write_text(
        f"{text}repro:\n{lines}\t@true\n", encoding="utf-8"
    )
    done = subprocess.run(
        ["make", "-s", *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ([] if said is None else ["use", "--", said])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("JOBS=4",), {}, ["fanout", "--jobs=4"]),
        (("RAY=10.0.0.1:6379",), {}, ["fanout", "--ray=10.0.0.1:6379"]),
        (("JOBS=2", "RAY=auto"), {}, ["fanout", "--jobs=2", "--ray=auto"]),
        (("JOBS=",), {}, ["fanout", "--jobs="]),
        (
            ("JOBS=$(shell touch ran)`touch ran`; touch ran '",),
            {},
            ["fanout", "--jobs=$(shell touch ran)`touch ran`; touch ran '"],
        ),
        ((), {"JOBS": "8", "RAY": "of another program", "SIDE_BY_SIDE": "x"}, []),
        (("SIDE_BY_SIDE=touch ran",), {}, []),
        ((), {}, []),
    ],
)
def test_jobs_and_ray_of_the_command_line_alone_are_used(
    tmp_path: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    said: list[str],
) -> None:
    """The recipe's own lines again; `croquis fanout` refuses what is no number and no address."""
    text = re.search(
        r"^override SIDE_BY_SIDE :=.*?(?=^repro:)",
        MAKEFILE,
        re.MULTILINE | re.DOTALL,
    )[0]
    rule = re.search(r"^ifdef SIDE_BY_SIDE.*?^endif\n", MAKEFILE, re.M | re.DOTALL)[
        0
    ]
    lines = rule.replace("$(RUN) croquis", "printf '%s\\n'")
    (tmp_path / "Makefile").write_text(f"{text}repro:\n{lines}\t@true\n")
    done = subprocess.run(
        ["make", "-s", *arguments],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == said
    assert not (tmp_path / "ran").exists()


# As much of Python, pip and uv as `make setup` sees. What STOPS names ends halfway, as by a kill.
PYTHON = """#!/bin/bash
here=$(dirname "$0")
stop() { [ "$STOPS" != "$1" ] || exit 137; }
case "$*" in
  "-I -S -c "*) echo 3.11 ;;  # a look at what is there
  -c*) ;;
  *"-m venv"*)
    folder=${!#}
    mkdir -p "$folder/bin"
    stop venv
    [ ! -e "$folder/bin/broken" ] || exit 1
    cp "$0" "$folder/bin/python"
    touch "$folder/pyvenv.cfg" ;;
  *"-m pip"*)
    [[ "$*" == *--require-hashes* ]] || exit 1
    sed "s/^# uv: //" "$here/python" > "$here/uv"
    stop pip
    chmod +x "$here/uv" ;;
  "pip sync"*)
    packages=$(dirname "$here")/../lib/python3.11/site-packages
    mkdir -p "$packages/one.dist-info"
    [ ! -e "$packages/half" ] || exit 1
    touch "$packages/half"
    stop sync
    rm "$packages/half"
    mkdir "$packages/two.dist-info" ;;
  "pip install"*)
    bin=$(dirname "$here")/../bin
    stop install
    for name in dvc croquis; do
      echo "#!$(realpath "$bin")/python" > "$bin/$name"
      chmod +x "$bin/$name"
    done ;;
esac
"""


class Setup:
    """A folder with this Makefile, in which `make setup` installs next to nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", ".ci/unusable", ".ci/requirements-uv.lock"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name)
        for name in ("requirements.lock", "pyproject.toml"):
            (folder / name).touch()
        python = folder / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)

    def make(self, *arguments: str, stops: str = "") -> subprocess.CompletedProcess:
        env = {name: os.environ[name] for name in ("PATH", "HOME")}
        return subprocess.run(
            [
                "make",
                *(arguments or ("setup",)),
                f"PYTHON={self.folder / 'python'}",
            ],
            cwd=self.folder,
            env=env | {"STOPS": stops},
            capture_output=True,
            text=True,
        )

    def is_whole(self) -> bool:
        packages = self.folder / ".venv/lib/python3.11/site-packages"
        names = sorted(path.name for path in packages.iterdir())
        uv = self.folder / ".venv/.uv/bin/uv"
        stamp = (self.folder / ".venv/.ready").read_text().strip()
        return (
            names == ["one.dist-info", "two.dist-info"]
            and os.access(uv, os.X_OK)
            and stamp == "2"
        )


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path / "project")


@pytest.mark.parametrize("stops", ["venv", "pip", "sync", "install"])
def test_what_a_kill_left_of_the_environment_is_made_anew(
    stops: str, setup: Setup
) -> None:
    """A uv without its run bit ended every target in "Permission denied"."""
    assert setup.make(stops=stops).returncode != 0
    assert not (setup.folder / ".venv/.ready").exists()
    done = setup.make()
    assert done.returncode == 0 and setup.is_whole(), done.stderr
    assert "Nothing to be done" in setup.make().stdout


@pytest.mark.parametrize("stops", ["venv", "sync", "install"])
def test_a_kill_while_packages_are_renewed_is_no_end(
    stops: str, setup: Setup
) -> None:
    setup.make()
    later = time.time() + 10
    os.utime(setup.folder / "requirements.lock", (later, later))
    assert setup.make(stops=stops).returncode != 0
    os.utime(setup.folder / "requirements.lock")
    done = setup.make()
    assert done.returncode == 0 and setup.is_whole(), done.stderr


def test_a_half_made_uv_of_an_older_make_is_made_anew(setup: Setup) -> None:
    uv = setup.folder / ".venv/.uv/bin/uv"
    uv.parent.mkdir(parents=True)
    uv.write_text("half")
    assert setup.make().returncode == 0 and setup.is_whole()


def lose_python(venv: Path) -> None:
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to("/usr/lib/python3.9-that-was-upgraded")


def change_python(venv: Path) -> None:
    (venv / "lib/python3.11").rename(venv / "lib/python3.10")


def lose_commands(venv: Path) -> None:
    (venv / "bin/dvc").unlink()


def lose_packages(venv: Path) -> None:
    shutil.rmtree(venv / "lib/python3.11/site-packages/one.dist-info")


def move(venv: Path) -> None:
    command = venv / "bin/dvc"
    command.write_text("#!/elsewhere/project/.venv/bin/python\n")


def move_far(venv: Path) -> None:
    """Where a path is too long for a first line, uv writes it into the second."""
    line = "'''exec' '/else where/project/.venv/bin/python' \"$0\" \"$@\""
    (venv / "bin/dvc").write_text(f"#!/bin/sh\n{line}\n' '''\n")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lose_python, "its Python does not start"),
        (change_python, "its Python is another one than it was made with"),
        (lose_commands, "its commands are gone"),
        (lose_packages, "it lacks 1 of its packages"),
        (move, "it was made for another folder"),
        (move_far, "it was made for another folder"),
    ],
)
def test_an_environment_that_is_of_no_use_is_made_anew_and_says_why(
    harm: Callable[[Path], None], said: str, setup: Setup
) -> None:
    setup.make()
    harm(setup.folder / ".venv")
    done = setup.make()
    assert done.stdout.count(f".venv is made anew: {said}") == 1, done.stdout
    assert done.returncode == 0 and setup.is_whole(), done.stderr
    assert "made anew" not in setup.make().stdout


def test_a_moved_project_makes_its_environment_anew(
    setup: Setup, tmp_path: Path
) -> None:
    setup.make()
    moved = shutil.move(setup.folder, tmp_path / "moved")
    there = Setup(Path(moved))
    assert "it was made for another folder" in there.make().stdout
    assert there.is_whole()


def test_a_stamp_of_an_older_make_is_believed(setup: Setup) -> None:
    setup.make()
    (setup.folder / ".venv/.ready").write_text("")
    assert "Nothing to be done" in setup.make().stdout


def test_an_environment_behind_a_link_is_of_use(
    setup: Setup, tmp_path: Path
) -> None:
    setup.make()
    (tmp_path / "link").symlink_to(setup.folder / ".venv")
    done = setup.make("setup", f"VENV={tmp_path / 'link'}")
    assert "Nothing to be done" in done.stdout


def test_a_folder_of_other_things_is_no_environment(setup: Setup) -> None:
    """`make setup VENV=$HOME` would have removed the person's own bin and lib."""
    home = setup.folder / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin/mine").touch()
    done = setup.make("setup", f"VENV={home}")
    assert done.returncode != 0 and "received" in done.stderr
    assert [path.name for path in home.rglob("*")] == ["bin", "mine"]


def test_uv_is_locked_with_its_hashes() -> None:
    """The README promises it of every file."""
    version = re.search(r"^UV_VERSION := (.+)$", MAKEFILE, re.MULTILINE)[1]
    lock = Path(".ci/requirements-uv.lock").read_text(encoding="utf-8")
    assert lock.startswith(f"uv=={version} \\\n")
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", lock)) > 10
    assert "--require-hashes --requirement $(UV_LOCK)" in MAKEFILE
