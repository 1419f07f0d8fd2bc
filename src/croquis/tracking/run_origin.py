"""Where a run comes from: stage, commit, DVC experiment."""

import os
import subprocess


def version() -> str:
    """What a pipeline is called: the DVC experiment, or the first digits of the commit."""
    return os.environ.get("DVC_EXP_NAME") or commit()[:7]


def commit() -> str:
    """The git commit of this folder, or "none" without one.

    Not of `root()`: a queued experiment runs in a checkout of its own, at the commit it was queued.
    """
    command = ["git", "rev-parse", "HEAD"]
    try:
        git = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "none"  # no git at all, no repository, no commit
    return git.stdout.strip()


def surroundings() -> dict[str, str]:
    """Tags that say where a run comes from: stage, DVC experiment, its baseline, commit.

    Those of mlflow fill the columns "Source" and "Version" of its table.
    """
    names = {
        "DVC_STAGE": "stage",
        "DVC_EXP_NAME": "experiment",
        "DVC_EXP_BASELINE_REV": "baseline",
    }
    tags = {
        tag: os.environ[name] for name, tag in names.items() if name in os.environ
    }
    return tags | {
        "commit": commit(),
        "mlflow.source.git.commit": commit(),
        "mlflow.source.name": tags.get("stage", ""),
        "mlflow.source.type": "LOCAL",
    }
