"""What croquis stands on but networks: Python, disk, memory, cores, tracking, git, a browser."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from croquis.core.cpu_count import cpu_count
from croquis.core.files import root
from croquis.core.text import counted
from croquis.doctor.finding import Finding

GRAY = 224  # pixels a side of what dedup looks at
GB = 2**30


def python_findings(lock: Path, installed: Mapping[str, str]) -> list[Finding]:
    """Whether Python and its packages are those of requirements.lock.

    Args:
        lock: requirements.lock.
        installed: versions by normalised name.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        fix = "make setup PYTHON=python3.11"
        return [
            Finding("Python", "problem", f"{version}, expected 3.11 to 3.13", fix)
        ]
    wanted = _pins(lock)
    missing = [name for name in wanted if name not in installed]
    other = [
        f"{name} {installed[name]} instead of {wanted[name]}"
        for name in wanted
        if name in installed and installed[name].split("+")[0] != wanted[name]
    ]
    if missing:
        said = f"{version}, without {len(missing)} packages of {lock.name}: {_few(missing)}"
        return [Finding("Python", "problem", said, "make setup")]
    if other:
        said = f"{version}, with other versions than {lock.name}: {_few(other)}"
        return [
            Finding(
                "Python",
                "warning",
                said,
                "make setup; keep what you chose on purpose",
            )
        ]
    return [
        Finding(
            "Python",
            "ok",
            f"{version}, {len(wanted)} packages as {lock.name} has them",
        )
    ]


def installed_here() -> dict[str, str]:
    """Versions of the packages of this environment by their normalised names."""
    packages = ((each.metadata["Name"], each.version) for each in distributions())
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in packages
        if name
    }


def _pins(lock: Path) -> dict[str, str]:
    """The versions that a lock file asks for on this machine."""
    from packaging.requirements import Requirement

    pins = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            pin = Requirement(line.rstrip("\\ "))
            if pin.marker is None or pin.marker.evaluate():
                pins[pin.name] = next(iter(pin.specifier)).version
    return pins


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (
        f" and {len(names) - 3} more" if len(names) > 3 else ""
    )


def disk_finding(free: int, image_size: int, images: int | None) -> Finding:
    """Whether the arrays of `prepare` fit the disk.

    Args:
        free: bytes.
        image_size: prepare.image_size.
        images: how many there are; None before the first `prepare`.
    """
    each = 3 * image_size**2 + GRAY**2  # three channels; gray ones need a third
    said = f"{free / GB:,.0f} GB free"
    fix = "free some, or lower prepare.image_size"
    if images is None:
        fit = round(free / each / 1000) * 1000
        said += f"; `prepare` takes at most {each / 1000:,.0f} kB an image, room for {fit:,}"
        return Finding(
            "disk",
            "warning" if free < 5 * GB else "ok",
            said,
            fix * (free < 5 * GB),
        )
    needed = each * images
    said += f"; the arrays of {images:,} images take at most {needed / GB:,.1f} GB"
    # Twice, as DVC's cache holds a copy where the disk has no links.
    if 2 * needed > free:
        return Finding("disk", "problem" if needed > free else "warning", said, fix)
    return Finding(
        "disk", "warning" if free < 5 * GB else "ok", said, fix * (free < 5 * GB)
    )


def shared_memory_finding(
    free: int | None, workers: int, batch_bytes: int
) -> Finding:
    """Whether the workers' batches fit /dev/shm, through which they are handed over.

    Args:
        free: bytes; None where there is no /dev/shm.
        workers: processes that prepare batches.
        batch_bytes: of the largest batch.
    """
    if not workers:
        return Finding(
            "/dev/shm", "ok", "not needed: no worker processes (CROQUIS_WORKERS)"
        )
    needed = (
        3 * workers * batch_bytes
    )  # two wait for each worker, one is being made
    said = f"{workers} workers hold up to {needed / GB:.2f} GB of batches"
    if free is None:
        return Finding(
            "/dev/shm", "ok", f"{said}; this system has another way to share memory"
        )
    if needed > free:
        fix = "enlarge it (docker: --shm-size=8g), or set CROQUIS_WORKERS lower"
        return Finding(
            "/dev/shm", "problem", f"{said}, but {free / GB:.2f} GB are free", fix
        )
    return Finding("/dev/shm", "ok", f"{said} of {free / GB:.1f} GB free")


def cores_finding(load: float) -> Finding:
    """How many cores there are to work with, and whether others work on them.

    Args:
        load: mean number of programs that ran in the last minute.
    """
    cores = cpu_count()
    all_of_them = os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS")
    said = f"{cores} of {all_of_them}" + (
        f", OMP_NUM_THREADS={threads}" if threads else ""
    )
    if load > cores + 0.5:
        fix = "wait for them; a stage that starts now lets its threads sleep (docs/training.md)"
        return Finding(
            "cores", "warning", f"{said}; busy, {load:.1f} programs want them", fix
        )
    return Finding("cores", "ok", f"{said}; load {load:.1f}")


def privacy_finding(folder: Path) -> Finding:
    """Whether what croquis starts in `folder` keeps to itself what is done there.

    croquis and make say no to MLflow, the hub's client and Gradio unless the shell said otherwise;
    what is started without them is up to the shell.
    """
    from dvc.config import Config

    talkative = []
    settings = folder / ".dvc"
    config = Config(str(settings) if settings.is_dir() else None)
    if config["core"].get("analytics", True) and not os.environ.get(
        "DVC_NO_ANALYTICS"
    ):
        talkative.append("DVC (dvc config core.analytics false)")
    if os.environ.get("DO_NOT_TRACK", "").lower() != "true":
        talkative.append("MLflow and the hub's client (DO_NOT_TRACK=true)")
    if os.environ.get("GRADIO_ANALYTICS_ENABLED", "").lower() != "false":
        talkative.append("Gradio (GRADIO_ANALYTICS_ENABLED=False)")
    if talkative:
        said = f"usage is reported by {', '.join(talkative)}"
        return Finding("telemetry", "warning", said, "set what stands in brackets")
    said = "off in DVC, and wherever croquis or make start MLflow, the hub's client or Gradio;"
    return Finding(
        "telemetry",
        "ok",
        f"{said} for a bare `mlflow ui`, export DO_NOT_TRACK=true",
    )


def git_finding(folder: Path) -> Finding:
    """Whether DVC's experiments can be kept: a repository with a commit and an author."""
    commit = _git(folder, "rev-parse", "--short", "HEAD")
    if commit is None:
        fix = "git init && git add -A && git commit -m start"
        return Finding(
            "git", "problem", "no commit here; `dvc exp run` rests on one", fix
        )
    if not _git(folder, "config", "user.email"):
        fix = "git config user.name ...; git config user.email ..."
        return Finding(
            "git", "warning", "no author is set, so nothing can be committed", fix
        )
    changed = (_git(folder, "status", "--porcelain") or "").splitlines()
    if changed:
        files = counted(len(changed), "file that is", "files that are")
        said = f"{commit}, and {files} not committed: a run's tag `commit` does not tell of them"
        return Finding("git", "ok", said)
    return Finding("git", "ok", f"{commit}, all committed")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def dvc_finding(command: str | None) -> Finding:
    """Whether `dvc` looks at what it would delete before it does; `exp run` acts before `check`.

    Args:
        command: the file behind `dvc`, if there is one.
    """
    if command is None:
        return Finding(
            "dvc",
            "problem",
            "no such command: the pipeline runs with it",
            "make setup",
        )
    if b"guarded_dvc" in Path(command).read_bytes():
        return Finding(
            "dvc",
            "ok",
            f"{command}, which looks for files of yours before it deletes",
        )
    said = f"{command} is DVC alone: `dvc exp run` puts outputs over files of yours unasked"
    return Finding(
        "dvc", "warning", said, "make setup, and put .venv/bin first on PATH"
    )


def browser_finding() -> Finding:
    """Whether the tests of the pages can run."""
    if path := shutil.which("chromium"):
        return Finding("browser", "ok", f"{path}, for the tests of the pages")
    said = "no chromium: the tests of the pages are skipped, nothing else needs it"
    return Finding("browser", "warning", said, "apt-get install chromium")


def free_disk() -> int:
    """Bytes free where data/ is, or will be."""
    return shutil.disk_usage(root()).free


def free_shared_memory() -> int | None:
    """Bytes free in /dev/shm; None where there is none."""
    place = Path("/dev/shm")
    return shutil.disk_usage(place).free if place.is_dir() else None
