"""dvc.lock after results were recorded in one write is the one of a serial `dvc repro`."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dvc.repo import Repo
from dvc_objects.fs.local import LocalFileSystem
from ruamel.yaml import YAML

import support
from croquis.core.errors import InputError
from croquis.fanout.recording import (
    Recorded,
    fetch_run_cache,
    in_run_cache,
    record,
)
from support.stubs import stub_project
from support.tiny import Project

# DVC's own use of pygtrie.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")
TRAINED = ("train@a-0", "train@a-1", "train@b-0", "train@b-1")
PROBED = ("embed@p", "probe@p-0", "probe@p-1")
MADE = TRAINED + PROBED
WEIGHTS = "data/checkpoints/a/fold0.safetensors"
OUTSIDE = (
    "DVC_GLOBAL_CONFIG_DIR",
    "DVC_SYSTEM_CONFIG_DIR",
    "DVC_SITE_CACHE_DIR",
)


@dataclass(frozen=True)
class Ran:
    """A project after a serial `dvc repro`.

    Attributes:
        folder: of the project.
        entries: the text of dvc.lock for each stage, in its order.
    """

    folder: Path
    entries: dict[str, str]

    def lock(self, *stages: str) -> str:
        """The text of a dvc.lock with the entries of these stages, in this order."""
        return HEAD + "".join(self.entries[name] for name in stages)

    @property
    def upstream(self) -> tuple[str, ...]:
        names = list(self.entries)
        return tuple(names[: names.index("train@a-0")])


HEAD = "schema: '2.0'\nstages:\n"


def entries_of(lock: str) -> dict[str, str]:
    """The text of each entry of a dvc.lock."""
    assert lock.startswith(HEAD)
    parts = re.split(r"^(?=  \S)", lock.removeprefix(HEAD), flags=re.MULTILINE)
    return {part.strip().partition(":")[0]: part for part in parts if part}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    project = stub_project(tmp_path_factory.mktemp("stubs"))
    project.run("dvc repro -q")
    lock = (project.folder / "dvc.lock").read_text()
    return Ran(project.folder, entries_of(lock))


@pytest.fixture
def here(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The project as the trainings are to begin, its cache full; it is the working folder."""
    folder = tmp_path / "project"
    shutil.copytree(ran.folder, folder, symlinks=True)
    for name in OUTSIDE:
        monkeypatch.setenv(name, str(folder / ".outside" / name.lower()))
    monkeypatch.chdir(folder)
    Path("dvc.lock").write_text(ran.lock(*ran.upstream))
    for name in ("predictions", "checkpoints", "curves", "embeddings"):
        shutil.rmtree(folder / "data" / name)
    yield folder


def lock() -> str:
    return Path("dvc.lock").read_text()


def set_rate(rate: float) -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(
        re.sub("^lr: .*", f"lr: {rate}", text, flags=re.M)
    )


def object_of(path: str) -> Path:
    """In DVC's cache, of an output that dvc.lock of the serial run names."""
    content = YAML(typ="safe").load(lock())
    (md5,) = {
        out["md5"]
        for stage in content["stages"].values()
        for out in stage["outs"]
        if out["path"] == path
    }
    return Path(".dvc/cache/files/md5", md5[:2], md5[2:])


def test_the_lock_is_the_serial_one_and_nothing_ran(ran: Ran, here: Path) -> None:
    before = Path(".outside/ran.txt").read_text()
    recorded = record(here, MADE[::-1])
    assert recorded == Recorded(restored=MADE, missing=())
    assert lock() == ran.lock(*ran.upstream, *MADE)
    assert Path(".outside/ran.txt").read_text() == before
    for path in ("predictions", "checkpoints", "curves", "embeddings"):
        for file in sorted((ran.folder / "data" / path).rglob("*")):
            if file.is_file():
                mine = here / file.relative_to(ran.folder)
                assert mine.read_bytes() == file.read_bytes()
    # Once more there is nothing to do.
    assert record(here, MADE) == recorded and lock() == ran.lock(
        *ran.upstream, *MADE
    )


def test_what_stands_in_the_lock_keeps_its_place_as_dvc_has_it(
    ran: Ran, here: Path
) -> None:
    """Old entries, in an order of their own, of another rate."""
    stale = {
        name: ran.entries[name].replace("lr: 0.001", "lr: 0.5") for name in MADE
    }
    assert stale["probe@p-1"] != ran.entries["probe@p-1"]
    order = ["probe@p-1", *ran.upstream, "train@b-0", "vote", "train@a-1"]
    text = HEAD + "".join((ran.entries | stale)[name] for name in order)
    Path("dvc.lock").write_text(text)
    record(here, MADE)
    rest = [name for name in MADE if name not in order]
    assert list(entries_of(lock())) == order + rest
    ours = lock()
    shutil.rmtree("data/predictions")
    Path("dvc.lock").write_text(text)
    with Repo() as repo:
        repo.reproduce(targets=["probe", "train"])  # all from the run cache
    assert lock() == ours == ran.lock(*order, *rest)


def test_only_what_was_asked_for_is_recorded(ran: Ran, here: Path) -> None:
    assert record(here, ["train@b-0"]) == Recorded(("train@b-0",), ())
    assert lock() == ran.lock(*ran.upstream, "train@b-0")
    assert not Path("data/predictions/a").exists()
    # A probe reads what embed makes, which is not there.
    assert record(here, ["probe@p-0"]) == Recorded((), ("probe@p-0",))


def test_results_of_other_parameters_are_missing_and_the_old_ones_stay(
    ran: Ran, here: Path
) -> None:
    record(here, MADE)
    set_rate(0.25)
    before = lock()
    assert in_run_cache(here, MADE) == ("embed@p",)
    expected = Recorded(("embed@p",), tuple(n for n in MADE if n != "embed@p"))
    assert record(here, MADE) == expected
    assert lock() == before
    assert Path(WEIGHTS).is_file()  # it was not taken away for nothing
    set_rate(0.001)
    assert in_run_cache(here, MADE) == MADE


def test_a_damaged_result_is_missing_and_said(
    ran: Ran, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("dvc.lock").write_text(ran.lock(*ran.entries))
    place = object_of(WEIGHTS)
    Path("dvc.lock").write_text(ran.lock(*ran.upstream))
    place.chmod(0o644)
    place.write_bytes(b"damaged")
    recorded = record(here, TRAINED)
    assert recorded == Recorded(TRAINED[1:], ("train@a-0",))
    assert "its object in DVC's cache was damaged" in capfd.readouterr().err
    assert lock() == ran.lock(*ran.upstream, *TRAINED[1:])
    assert not Path(WEIGHTS).exists()


def test_a_file_of_a_person_stays_and_nothing_is_touched(
    ran: Ran, here: Path
) -> None:
    Path(WEIGHTS).parent.mkdir(parents=True)
    Path(WEIGHTS).write_text("mine")
    with pytest.raises(InputError, match=r"fold0\.safetensors: .*no run made"):
        record(here, MADE)
    assert Path(WEIGHTS).read_text() == "mine"
    assert lock() == ran.lock(*ran.upstream)
    assert not Path("data/embeddings").exists()


def test_a_file_that_a_killed_record_left_is_no_persons(
    ran: Ran, here: Path
) -> None:
    place = Path(WEIGHTS)
    place.parent.mkdir(parents=True)
    shutil.copy(ran.folder / WEIGHTS, place)
    assert record(here, TRAINED).restored == TRAINED


def test_a_kill_while_the_lock_is_written_leaves_the_old_one(
    ran: Ran, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = YAML.dump

    def killed(yaml: YAML, data: object, stream: object = None, **options: object):
        if getattr(stream, "name", "").endswith("rwlock") or not hasattr(
            data, "get"
        ):
            return dump(yaml, data, stream, **options)
        stream.write("schema: half")  # type: ignore[attr-defined]  # of a file
        stream.flush()  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(YAML, "dump", killed)
        with pytest.raises(KeyboardInterrupt):
            record(here, TRAINED)
    assert lock() == ran.lock(*ran.upstream)
    assert record(here, TRAINED).restored == TRAINED
    assert lock() == ran.lock(*ran.upstream, *TRAINED)


def test_another_dvc_at_work_is_said_and_waited_for_by_the_person(
    ran: Ran, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dvc import lock as dvc_lock

    monkeypatch.setattr(dvc_lock, "DEFAULT_TIMEOUT", 0)
    with Repo() as other, other.lock:
        with pytest.raises(InputError, match="no other DVC at work here"):
            record(here, TRAINED)
    assert lock() == ran.lock(*ran.upstream)


def test_a_name_that_is_no_stage_is_refused(here: Path) -> None:
    with pytest.raises(InputError, match="train@z-0: expected a stage"):
        record(here, ["train@a-0", "train@z-0"])


def test_guards_of_a_record_end_with_it(here: Path) -> None:
    opened = LocalFileSystem.open
    record(here, ["train@a-0"])
    assert LocalFileSystem.open is opened


def test_results_that_another_machine_pushed_are_pulled(
    ran: Ran, here: Path, tmp_path: Path
) -> None:
    store = f"remote = store\n['remote \"store\"']\n    url = {tmp_path / 'store'}"
    Path(".dvc/config.local").write_text(f"[core]\n    {store}\n")
    Path("dvc.lock").write_text(ran.lock(*ran.entries))
    with Repo() as repo:
        repo.push(targets=["train"], run_cache=True)
    Path("dvc.lock").write_text(ran.lock(*ran.upstream))
    for folder in ("runs", "files"):
        shutil.rmtree(Path(".dvc/cache", folder))
    assert record(here, MADE) == Recorded((), MADE)
    fetch_run_cache(here)
    assert in_run_cache(here, MADE) == ()  # entries alone
    assert record(here, MADE, pulls=True) == Recorded(TRAINED, PROBED)
    assert lock() == ran.lock(*ran.upstream, *TRAINED)
    assert Path(WEIGHTS).read_bytes() == (ran.folder / WEIGHTS).read_bytes()


def test_without_a_remote_a_pull_is_refused(here: Path) -> None:
    assert not os.environ.get("DVC_REMOTE")
    with pytest.raises(InputError, match="dvc remote add"):
        fetch_run_cache(here)


@pytest.mark.slow
def test_the_command_runs_what_no_cache_has_and_records_all(
    ran: Ran, here: Path
) -> None:
    """The whole of `croquis fanout`, of which one stage is left to run."""
    project = Project(here)
    project.env["PYTHONPATH"] = str(Path(support.__file__).parents[2] / "src")
    for entry in Path(".dvc/cache/runs").glob("*/*/*"):
        if "--model a --fold 0" in " ".join(entry.read_text().split()):
            entry.unlink()
    said = project.run("croquis fanout --jobs 2")
    assert "1 training on 2 slots" in said
    assert lock() == ran.lock(*ran.upstream, *MADE)
    for name in MADE:
        assert ("train@a-0" == name) == (f"{name}  begins" in said)
    # Its log is where a person would look, and nothing else was left to do.
    assert "train@a-0" in Path(".fanout/logs/train@a-0.log").read_text()
