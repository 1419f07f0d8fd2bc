"""What a machine of a cluster is asked before it gets work, and what it answers."""

import contextlib
import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from croquis.core.errors import InputError
from croquis.core.files import file_digest
from croquis.fanout.gpus_here import visible_gpus

REQUIREMENTS = "requirements.lock"
SECONDS = 120  # for PyTorch to load and to find the GPUs
GPU_FINDINGS = """
import json
from croquis.doctor.gpus import build_here, gpu_findings
print(json.dumps([(f.state, f.says) for f in gpu_findings(build_here())]))
"""


@dataclass(frozen=True)
class Question:
    """What a machine must agree with.

    Attributes:
        python: the version here, such as 3.11.
        requirements: requirements.lock; empty: there is none.
        notes: files here with `nonce` in them: in DVC's cache, and in the project.
        nonce: which no other disk has in those places.
    """

    python: str
    requirements: bytes
    notes: tuple[Path, Path]
    nonce: str


@dataclass(frozen=True)
class Answer:
    """What a machine is.

    Attributes:
        problem: why it must get no work; empty: it may.
        shares_disk: whether it sees both DVC's cache and the project that are here.
    """

    problem: str
    shares_disk: bool


def ask(root: Path, cache: Path) -> Question:
    """The question; its notes lie on this disk until `forget`.

    Args:
        root: the project's folder.
        cache: DVC's.
    """
    # Of this project: another one with the same cache may be at work.
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    notes = (cache / f".croquis-{name}", root / ".fanout" / "nonce")
    nonce = secrets.token_hex(16)
    lock = root / REQUIREMENTS
    for note in notes:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(nonce, encoding="utf-8")
    version = ".".join(map(str, sys.version_info[:2]))
    content = lock.read_bytes() if lock.is_file() else b""
    return Question(version, content, notes, nonce)


def forget(question: Question) -> None:
    """Removes the notes of a question."""
    for note in question.notes:
        note.unlink(missing_ok=True)


def answer(question: Question) -> Answer:
    """What the machine says on which this runs."""
    return Answer(
        problem=_other_environment(question) or _gpus_without_kernels(),
        shares_disk=all(_sees(note, question.nonce) for note in question.notes),
    )


def _sees(note: Path, nonce: str) -> bool:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return note.read_text(encoding="utf-8") == nonce
    return False


def _other_environment(question: Question) -> str:
    """In what Python and packages differ, as a parcel would refuse it job by job."""
    from croquis.fanout.parcel import refuse_other_environment

    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder, REQUIREMENTS)
        lock.write_bytes(question.requirements)
        about = {
            "python": question.python,
            "requirements": file_digest(lock) if question.requirements else "",
        }
        try:
            refuse_other_environment(about, Path(folder))
        except InputError as error:
            return str(error)
    return ""


def _gpus_without_kernels() -> str:
    """What is wrong with PyTorch and the GPUs; in a process whose memory goes with it."""
    if not visible_gpus({}):
        return ""
    # Ray hides all GPUs of a task that asks for none.
    environment = {
        k: v for k, v in os.environ.items() if k != "CUDA_VISIBLE_DEVICES"
    }
    done = subprocess.run(
        [sys.executable, "-c", GPU_FINDINGS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["PyTorch does not load"])[-1]
    findings = json.loads(done.stdout.splitlines()[-1])
    return "; ".join(says for state, says in findings if state != "ok")
