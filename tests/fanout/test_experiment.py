"""An experiment's parameters in a checkout are those that `dvc exp run -S` would set."""

import os
import shutil
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.fanout.parcel import pack, unpack
from croquis.fanout.recording import in_run_cache
from croquis.fanout.running.experiment import (
    experiment_checkout,
    experiment_name,
    set_parameters,
)
from support.stubs import stub_project
from support.tiny import Project

# DVC's own use of pygtrie.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = stub_project(tmp_path_factory.mktemp("stubs"), ["a"], [], 1)
    made.run("dvc repro -q && git add -A && git commit -qm ran")
    return made


def test_overrides_change_the_values_that_they_name_alone(tmp_path: Path) -> None:
    path = Path(shutil.copy("params.yaml", tmp_path / "params.yaml"))
    before = path.read_text().splitlines()
    set_parameters(path, ["lr=1e-5", "models.lite0_64.drop_rate=0.1"])
    now = path.read_text().splitlines()
    new = [line.strip() for line in now if line not in before]
    assert new == ["lr: 1e-05", "drop_rate: 0.1"]
    assert len(now) == len(before) + 1


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("lr=1,2", "expected one value, received several; .* --queue -S lr=1,2"),
        ("nothing.here=1", "expected what DVC can set in params.yaml"),
        ("lr==", "expected what DVC can set in params.yaml"),
        ("data.source=a (1).zip", "two pairs of quotes"),
    ],
)
def test_what_cannot_be_set_is_refused(
    override: str, said: str, tmp_path: Path
) -> None:
    path = Path(shutil.copy("params.yaml", tmp_path / "params.yaml"))
    before = path.read_bytes()
    with pytest.raises(InputError, match=said):
        set_parameters(path, [override])
    assert path.read_bytes() == before


@pytest.mark.slow
def test_dvc_exp_run_finds_what_ran_in_the_checkout(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages in a checkout leave what the experiment of this name and these values restores."""
    for name, value in project.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project.folder)
    root = project.folder
    files = {
        path: path.read_bytes()
        for path in (root / "params.yaml", root / "dvc.lock")
    }
    assert experiment_name(root, "low") == "low"
    assert "-" in experiment_name(root, None)
    with experiment_checkout(root, ["lr=0.25"], "low") as folder:
        assert Path.cwd() == folder != root
        assert os.environ["DVC_EXP_NAME"] == "low"
        assert os.environ["CROQUIS_ROOT"] == str(root)
        project.run(
            f"cd {folder} && dvc repro -q split && dvc repro -q -s train@a-0"
        )
        assert in_run_cache(folder, ["train"]) == ("train@a-0",)
        again = unpack(pack(folder), tmp_path, cache=None)
        assert "lr: 0.25" in (again / "params.yaml").read_text().splitlines()
    assert not folder.exists()
    assert "DVC_EXP_NAME" not in os.environ
    assert all(path.read_bytes() == content for path, content in files.items())
    ran = (root / ".outside/ran.txt").read_text()
    project.run("dvc exp run -q -n low -S lr=0.25")
    new = (root / ".outside/ran.txt").read_text().removeprefix(ran)
    assert "train" not in [line.split()[0] for line in new.splitlines()]
    with pytest.raises(InputError, match="that of an experiment of this commit"):
        experiment_name(root, "low")
