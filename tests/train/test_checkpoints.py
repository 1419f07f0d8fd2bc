"""Resume states survive what can happen to a disk and to a process."""

import errno
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from croquis.train import checkpoints
from croquis.train.checkpoints import Checkpoints
from support.killed import killed_while

# A save that is killed halfway.
SAVING = """
import time
from pathlib import Path
from croquis.core.files import atomic_write
with atomic_write(Path("000000002")) as draft:
    draft.mkdir()
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoints:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return Checkpoints("train/swin-0", "abc")


def state(step: int) -> dict:
    return {
        "step": step,
        "weights": torch.full((3,), float(step)),
        "history": [{"loss": 1.5}],
    }


def test_the_newest_state_comes_back(kept: Checkpoints) -> None:
    assert kept.load() is None
    for step in (9, 10, 100):
        kept.save(step, state(step))
    found = kept.load()
    assert found["step"] == 100 and found["history"] == [{"loss": 1.5}]
    assert torch.equal(found["weights"], torch.full((3,), 100.0))


def test_two_states_are_kept(kept: Checkpoints) -> None:
    for step in (1, 2, 3):
        kept.save(step, state(step))
    assert sorted(path.name for path in kept.folder.iterdir()) == [
        "000000002",
        "000000003",
    ]


@pytest.mark.parametrize(
    "harm", ["cut", "flipped", "empty", "no digest", "no state"]
)
def test_a_broken_newest_state_falls_back_to_the_one_before(
    kept: Checkpoints, harm: str
) -> None:
    kept.save(1, state(1))
    kept.save(2, state(2))
    file, digest = (
        kept.folder / "000000002" / "state.pt",
        kept.folder / "000000002/state.blake2b",
    )
    content = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(content[:-100])
    elif harm == "flipped":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "empty":
        file.write_bytes(b"")
    else:
        (digest if harm == "no digest" else file).unlink()
    with pytest.warns(
        UserWarning, match="000000002 is not complete: the one before is taken"
    ):
        assert kept.load()["step"] == 1
    kept.save(
        3, state(3)
    )  # the broken one used to stand for one of the two that are kept
    assert sorted(path.name for path in kept.folder.iterdir()) == [
        "000000001",
        "000000003",
    ]


def test_a_full_disk_costs_a_warning_and_keeps_the_state_before(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.save(1, state(1))

    def full(content: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoints.torch, "save", full)
    with pytest.warns(
        UserWarning, match=r"no resume state at step 2 .*No space left"
    ):
        kept.save(2, state(2))
    assert kept.load()["step"] == 1
    assert [path.name for path in kept.folder.iterdir()] == ["000000001"]


def test_another_fingerprint_starts_afresh_and_leaves_the_others_alone(
    kept: Checkpoints, tmp_path: Path
) -> None:
    """Queued experiments share the folder: one used to remove the states of those beside it."""
    kept.save(1, state(1))
    assert killed_while(SAVING, kept.folder) == -signal.SIGKILL
    assert len(list(kept.folder.iterdir())) == 2
    assert Checkpoints("train/swin-0", "abc").load()["step"] == 1
    assert [path.name for path in kept.folder.iterdir()] == ["000000001"]
    assert Checkpoints("train/swin-1", "abc").load() is None
    assert kept.folder.exists()
    other = Checkpoints("train/swin-0", "def")
    assert other.load() is None
    other.save(1, state(1))
    other.clear()
    assert kept.load()["step"] == 1
    for days, stays in ((6.9, True), (7.1, False)):
        then = time.time() - days * 86400
        os.utime(kept.folder, (then, then))
        Checkpoints("train/swin-0", "def")
        assert kept.folder.exists() == stays  # nobody goes on after a week


def test_a_state_is_on_the_disk_before_it_has_its_name(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder was renamed while its files might still be in memory alone."""
    done, flush, replace = [], checkpoints._flush, os.replace
    monkeypatch.setattr(
        checkpoints,
        "_flush",
        lambda path: (done.append(f"flush {path.name}"), flush(path)),
    )
    monkeypatch.setattr(
        os,
        "replace",
        lambda draft, path: (
            done.append(f"name {path.name}"),
            replace(draft, path),
        ),
    )
    kept.save(1, state(1))
    inside = ["flush state.pt", "flush state.blake2b", "flush 000000001"]
    assert done == [*inside, "name 000000001", "flush abc"]


def test_an_experiment_that_ends_beside_this_one_is_no_error(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.save(1, state(1))
    glob = Path.glob

    def cleared(folder: Path, pattern: str) -> list[Path]:
        found = list(glob(folder, pattern))
        if kept.folder in found:
            kept.clear()
        return found

    monkeypatch.setattr(Path, "glob", cleared)
    assert Checkpoints("train/swin-0", "def").folder.name == "def"


def test_after_the_outputs_nothing_is_left(
    kept: Checkpoints, tmp_path: Path
) -> None:
    kept.save(1, state(1))
    kept.clear()
    assert not (tmp_path / ".resume/train/swin-0").exists()


def test_saves_inside_an_epoch_are_due_by_the_clock(
    kept: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not kept.due
    monkeypatch.setenv("CROQUIS_SAVE_MINUTES", "0")
    assert kept.due


def test_a_state_unpickles_nothing_that_could_run(kept: Checkpoints) -> None:
    class Harm:
        def __reduce__(self):
            return print, ("harm",)

    kept.save(1, {"step": Harm()})
    with pytest.raises(Exception, match=r"weights_only|Weights only"):
        kept.load()
