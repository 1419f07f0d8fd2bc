"""Stages run the modules of their own checkout, whichever clone is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from croquis.core import checkout
from croquis.core.errors import InputError

ROOT = Path(__file__).parents[2]
SAYS = "from croquis.core import cli; print(cli.__file__)\n"


@pytest.fixture
def clones(tmp_path: Path) -> Path:
    """Two clones, `one` and `other`, each with a script that says whose modules it runs."""
    for name in ("one", "other"):
        clone = tmp_path / name
        (clone / "src").mkdir(parents=True)
        shutil.copytree(ROOT / "src/croquis", clone / "src/croquis")
        for folder in ("stages", "benchmarks"):
            (clone / folder).mkdir()
            link = ROOT / folder / "croquis"
            shutil.copy(link, clone / folder / "croquis", follow_symlinks=False)
            (clone / folder / "says.py").write_text(SAYS)
    return tmp_path


def said(folder: Path, *arguments: str, installed: Path) -> str:
    """What Python prints in `folder`, in the environment that was made in `installed`."""
    environment = os.environ | {"PYTHONPATH": str(installed / "src")}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["stages", "benchmarks"])
def test_a_script_of_a_second_clone_runs_its_own_modules(
    clones: Path, folder: str
) -> None:
    """DVC hashed those of the second clone and recorded them for what the first's had made."""
    printed = said(clones / "other", f"{folder}/says.py", installed=clones / "one")
    assert (
        Path(printed.strip()).resolve() == clones / "other/src/croquis/core/cli.py"
    )


def test_a_script_without_the_link_is_refused(clones: Path) -> None:
    """As where an archive without links was unpacked, or a script lies in another folder."""
    (clones / "other/mine").mkdir()
    code = "from croquis.core import cli\ncli.run(lambda: print('ran'))\n"
    (clones / "other/mine/stage.py").write_text(code)
    printed = said(clones / "other", "mine/stage.py", installed=clones / "one")
    assert printed == (
        f"error: croquis: expected the modules of this checkout ({clones}/other/src/croquis),"
        f" received those in {clones}/one/src/croquis; `make setup` gives it an environment of its"
        " own; or begin with PYTHONPATH=src\n"
    )


@pytest.mark.parametrize("folder", ["stages", "benchmarks"])
def test_a_folder_in_place_of_the_link_is_named(clones: Path, folder: str) -> None:
    """`cp -rL` makes it: the advice to make an environment changed nothing."""
    shutil.copytree(clones / "other", clones / "copy", symlinks=False)
    printed = said(clones / "copy", f"{folder}/says.py", installed=clones / "one")
    # It is imported, and not yet checked.
    assert printed.splitlines()[-1].startswith(str(clones / "copy"))
    code = SAYS + "cli.run(lambda: None)\n"
    (clones / f"copy/{folder}/says.py").write_text(code)
    printed = said(
        clones / "copy", f"{folder}/says.py", installed=clones / "one"
    ).splitlines()[-1]
    links = "stages/croquis benchmarks/croquis"
    assert printed.endswith(
        f"; folders stand in place of links; `rm -r {links} && git checkout -- {links}`"
    )


def test_the_command_is_refused_in_another_clone(clones: Path) -> None:
    code = "from croquis.commands.main import app; app(['summary'])"
    printed = said(clones / "other", "-c", code, installed=clones / "one")
    assert f"received those in {clones}/one/src/croquis; `make setup`" in printed
    assert len(printed.splitlines()) == 1


def test_the_own_modules_under_another_name_are_the_own(
    clones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clones / "alias").symlink_to(ROOT)
    monkeypatch.chdir(clones / "alias")
    checkout.refuse_other_checkout()


def test_a_folder_that_is_no_checkout_has_no_modules_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    checkout.refuse_other_checkout()
    (tmp_path / "src/croquis/core").mkdir(parents=True)
    (tmp_path / "src/croquis/core/cli.py").touch()
    with pytest.raises(InputError, match="make setup"):
        checkout.refuse_other_checkout()
