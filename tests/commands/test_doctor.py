"""What the doctor says of a machine, with machines that are made up."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from croquis.core import cli, params
from croquis.commands import doctor
from croquis.commands.doctor import examined
from croquis.commands.main import app
from croquis.doctor import environment, gpus
from croquis.doctor.finding import Finding, finding_lines
from croquis.doctor.gpus import build_here
from support.standing_files import make

GB = 2**30
OK, WARNING = (
    Finding("git", "ok", "abc"),
    Finding("cores", "warning", "busy", "wait"),
)
PROBLEM = Finding("GPU", "problem", "no kernels", "reinstall it")


def test_findings_are_aligned_with_their_fix_below() -> None:
    assert finding_lines([OK, WARNING]) == [
        "ok        git    abc",
        "warning   cores  busy",
        "                 -> wait",
        "",
        "ready to run; 1 to know of (warning)",
    ]


def test_long_findings_stay_inside_100_columns() -> None:
    shown = finding_lines([Finding("a", "ok", "word " * 60)])
    assert len(shown) > 4 and max(map(len, shown)) <= 100


@pytest.mark.parametrize(
    ("findings", "status"), [([OK, WARNING], 0), ([OK, PROBLEM], 1)]
)
def test_only_problems_fail(
    findings: list[Finding], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examined", lambda: findings)
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == status
    assert ("-> reinstall it" in done.output) == bool(status)


def test_a_broken_params_yaml_is_a_finding_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.lock").write_text(
        "numpy==1.0 \\\n    --hash=sha256:0\n"
    )
    (tmp_path / "params.yaml").write_text("run: [")
    findings = {finding.topic: finding for finding in doctor.examined()}
    assert findings["settings"].state == "problem"
    assert {
        "Python",
        "GPU",
        "cores",
        "tracking",
        "telemetry",
        "git",
        "browser",
    } < set(findings)


def test_a_persons_file_where_a_run_writes_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make(tmp_path / "project"))
    (finding,) = doctor._of_the_outputs()
    assert finding == Finding(
        "outputs", "ok", "a run would touch nothing but what runs made"
    )
    (tmp_path / "project" / "data").mkdir()
    (tmp_path / "project" / "data" / "solution.csv").write_text("mine")
    (finding,) = doctor._of_the_outputs()
    assert finding.state == "problem" and finding.says.startswith(
        "data/solution.csv: expected"
    )
    assert finding.fix == "move it away: mv data/solution.csv solution.csv"


def test_a_dvc_that_does_not_look_first_is_a_warning(tmp_path: Path) -> None:
    command = tmp_path / "dvc"
    command.write_text("from dvc.cli import main")
    assert environment.dvc_finding(str(command)).state == "warning"
    command.write_text("from croquis.commands.guarded_dvc import main")
    assert environment.dvc_finding(str(command)).state == "ok"
    assert environment.dvc_finding(None).state == "problem"


def test_a_device_that_is_not_there_is_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CROQUIS_DEVICE", "toaster")
    (finding,) = doctor._look("settings", lambda: doctor._of_the_run(build_here()))
    assert finding.state == "problem" and "CROQUIS_DEVICE" in finding.says


def test_packages_are_compared_with_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "numpy==2.1 \\\n    --hash=sha256:0\ntorch==2.14.1\nold==1 ; python_version < '3'\n"
    )
    (same,) = environment.python_findings(
        lock, {"numpy": "2.1", "torch": "2.14.1+cu126"}
    )
    assert same.state == "ok" and "2 packages" in same.says
    (other,) = environment.python_findings(
        lock, {"numpy": "2.0", "torch": "2.14.1"}
    )
    assert other.state == "warning" and "numpy 2.0 instead of 2.1" in other.says
    (missing,) = environment.python_findings(lock, {"numpy": "2.1"})
    assert (
        missing.state == "problem"
        and "torch" in missing.says
        and missing.fix == "make setup"
    )


def test_names_of_packages_are_normalised() -> None:
    assert {"huggingface-hub", "ruamel-yaml"} <= set(environment.installed_here())


@pytest.mark.parametrize(
    ("free", "images", "state"),
    [
        (54 * GB, None, "ok"),
        (4 * GB, None, "warning"),
        (54 * GB, 2_802, "ok"),
        (1 * GB, 15_000, "problem"),  # 15,000 x (3 x 224² + 224²) bytes are 2.8 GB
        (4 * GB, 15_000, "warning"),  # but not twice
        (11 * GB // 2, 15_000, "warning"),  # 5.5 are not twice 2.8 either
        (7 * GB, 15_000, "ok"),
    ],
)
def test_the_disk_has_to_hold_what_prepare_writes(
    free: int, images: int | None, state: str
) -> None:
    finding = environment.disk_finding(free, 224, images)
    assert finding.state == state and bool(finding.fix) == (state != "ok")


def test_workers_hand_batches_over_in_shared_memory() -> None:
    batch = (
        64 * 3 * 448**2
    )  # 38.5 MB, and three of them for each of 8 workers: .86 GB
    assert (
        environment.shared_memory_finding(64 * 2**20, 8, batch).state == "problem"
    )
    assert environment.shared_memory_finding(GB, 8, batch).state == "ok"
    assert environment.shared_memory_finding(64 * 2**20, 0, batch).state == "ok"
    assert environment.shared_memory_finding(None, 8, batch).state == "ok"


def test_cores_that_others_use_are_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "cpu_count", lambda: 2)
    assert environment.cores_finding(load=2.4).state == "ok"
    busy = environment.cores_finding(load=6.8)
    assert busy.state == "warning" and "docs/training.md" in busy.fix


def test_telemetry_is_off_in_this_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    assert environment.privacy_finding(Path.cwd()).state == "ok"
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    assert "Gradio" in environment.privacy_finding(Path.cwd()).says
    monkeypatch.setenv(
        "DO_NOT_TRACK", "false"
    )  # croquis leaves what a shell has said
    (tmp_path / ".dvc").mkdir()
    finding = environment.privacy_finding(tmp_path)
    assert (
        finding.state == "warning"
        and "DVC" in finding.says
        and "MLflow" in finding.says
    )


def test_a_shell_that_allows_telemetry_is_told_so_by_the_command() -> None:
    """The command's own import set the variable that it then looked at."""
    script = "from croquis.doctor import environment as s; from croquis.core import cli, files;"
    script += "print(s.privacy_finding(files.root()).state)"
    command = [sys.executable, "-c", script]
    for shell, state in ({}, "ok"), ({"DO_NOT_TRACK": "false"}, "warning"):
        plain = {
            name: value
            for name, value in os.environ.items()
            if name not in cli.QUIET
        }
        done = subprocess.run(
            command, env=plain | shell, capture_output=True, text=True
        )
        assert done.stdout.strip() == state, done.stderr


def test_a_torch_that_cannot_be_loaded_is_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was a traceback, and what had been found by then was lost."""

    def broken() -> None:
        raise ImportError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(gpus, "build_here", broken)
    findings = {finding.topic: finding for finding in examined()}
    assert (
        findings["PyTorch"].state == "problem"
        and "libcudart" in findings["PyTorch"].says
    )
    assert findings["PyTorch"].fix == "rm -rf .venv && make setup"
    assert {"Python", "cores", "git"} <= set(findings)


def test_a_missing_key_of_params_yaml_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`prepare.image_size` was read as it stands, and ended in a KeyError."""
    tree = params.read()
    del tree["prepare"]["image_size"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    shutil.copy("requirements.lock", tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    findings = {finding.topic: finding for finding in examined()}
    assert (
        findings["settings"].state == "problem"
        and "image_size" in findings["settings"].says
    )


def test_git_without_a_commit_is_a_problem(tmp_path: Path) -> None:
    finding = environment.git_finding(tmp_path)
    assert finding.state == "problem" and finding.fix.startswith("git init")


def test_one_file_is_no_files(tmp_path: Path) -> None:
    """It said: 1 files that are not committed."""
    for command in (
        ["init", "-q"],
        ["config", "user.email", "a@example.com"],
        ["-c", "user.name=a", "commit", "-q", "--allow-empty", "-m", "start"],
    ):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    (tmp_path / "new").touch()
    assert (
        ", and 1 file that is not committed: "
        in environment.git_finding(tmp_path).says
    )


def test_without_chromium_browser_tests_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.browser_finding().state == "warning"
    (tmp_path / "chromium").touch()
    os.chmod(tmp_path / "chromium", 0o755)
    assert environment.browser_finding().state == "ok"
