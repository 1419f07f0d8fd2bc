"""What croquis uses of DVC that is no promise of DVC's, held by one small run of DVC.

A failure here says that another release of DVC changed it: `croquis why`, and what `dvc` is made
to ask before it deletes and records, would then be wrong in silence.
"""

import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from dvc import cli
from dvc.dependency import param
from dvc.dependency.param import ParamsDependency
from dvc.dvcfile import ProjectFile
from dvc.exceptions import CheckoutError
from dvc.lock import LockError
from dvc.output import Output
from dvc.repo import Repo, lock_repo
from dvc.repo.experiments import Experiments
from dvc.repo.experiments.queue.base import QueueEntry
from dvc.repo.experiments.queue.celery import LocalCeleryQueue
from dvc.repo.experiments.utils import get_random_exp_name
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro
from dvc.scm import resolve_rev
from dvc.stage import PipelineStage, Stage, run
from dvc.stage.cache import StageCache, _can_hash, _get_stage_hash
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils.cli_parse import to_path_overrides
from dvc.utils.hydra import apply_overrides
from dvc_data.hashfile.db.local import LocalHashFileDB
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.meta import Meta
from dvc_objects.fs import utils

# DVC's own use of pygtrie.
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise")

BROKEN = "DVC changed a private part that croquis why rests on"
PIPELINE = """
stages:
  one:
    cmd: cat in.txt > one.txt
    params: [lr]
    deps: [in.txt]
    outs: [one.txt]
  two:
    matrix: {model: [a], fold: [0]}
    cmd: cat one.txt > two.txt
    deps: [one.txt]
    outs: [two.txt]
"""
FIRST = b"first\n"
SECOND = b"second\n"


@contextmanager
def contract(part: str) -> Iterator[None]:
    """Whatever fails inside is said to be a change of this part of DVC."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{BROKEN}: {part}") from error


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of DVC whose two stages ran on FIRST, then on SECOND."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "params.yaml").write_text("lr: 1\nother: 1\n")
    for arguments, content in (("init --no-scm", FIRST), ("repro", FIRST)):
        (folder / "in.txt").write_bytes(content)
        dvc(folder, *arguments.split())
    (folder / "in.txt").write_bytes(SECOND)
    dvc(folder, "repro")
    return folder


def dvc(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "dvc", *arguments, "-q"]
    subprocess.run(command, cwd=folder, env=os.environ | places(folder), check=True)


def places(folder: Path) -> dict[str, str]:
    """Nothing of DVC's outside of the folder."""
    names = ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR")
    inside = {name: str(folder / ".outside" / name.lower()) for name in names}
    return {**inside, "DVC_NO_ANALYTICS": "1"}


@pytest.fixture
def repo(
    reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Repo]:
    """DVC at work in a copy of that repository, which is the working folder."""
    folder = tmp_path / "pipeline"
    shutil.copytree(reproduced, folder)
    for name, value in places(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    with Repo() as opened:
        yield opened


def stage_of(repo: Repo, name: str) -> Any:
    (stage,) = [each for each in repo.index.stages if each.addressing == name]
    return stage


def digest(content: bytes) -> str:
    return md5(content, usedforsecurity=False).hexdigest()


def make_known(dep: Any, content: bytes) -> None:
    """Gives a file dependency a hash in memory, as `_Walk._results` does."""
    hash_info = HashInfo("md5", digest(content))
    dep.hash_info = hash_info
    # A meta from dvc.lock has the md5 as well, and wins.
    dep.meta = Meta(size=len(content))
    dep.get_hash = lambda: hash_info


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (_can_hash, "stage"),
        (_get_stage_hash, "stage"),
        (StageCache._load, "self stage"),
        (StageCache._get_cache_dir, "self key"),
        (StageCache._load_cache, "self key value"),
        (StageCache._create_stage, "self cache wdir"),
        (to_single_stage_lockfile, "stage kwargs"),
        (ParamsDependency.read_params, "self flatten kwargs"),
        (ParamsDependency.get_hash, "self"),
        (ParamsDependency.save, "self"),
        (ParamsDependency.status, "self"),
        (Output.get_hash, "self"),
        (Output.save, "self"),
        (Output.status, "self"),
        (Output.changed_cache, "self filter_info"),
        (PipelineStage.changed_stage, "self"),
        (Stage.remove_outs, "self ignore_remove force"),
        (Stage.save_deps, "self allow_missing"),
        (Stage.save, "self allow_missing run_cache"),
        (Stage.checkout, "self allow_missing kwargs"),
        (Stage.changed_outs, "self allow_missing"),
        (PipelineStage.outs_cached, "self"),
        (StageCache.pull, "self remote odb"),
        (ProjectFile.dump_stages, "self stages update_pipeline update_lock kwargs"),
        (collect_stages, "repo targets recursive glob"),
        (get_active_graph, "graph"),
        (plan_repro, "graph stages pipeline downstream"),
        (lock_repo, "repo"),
        (param.load_path, "fs_path fs kwargs"),
        (get_random_exp_name, "scm baseline_rev"),
        (LocalCeleryQueue.get_ref_and_entry_by_names, "self exp_names git_remote"),
        (Repo.find_root, "root fs"),
        (resolve_rev, "scm rev"),
        (to_path_overrides, "path_params"),
        (apply_overrides, "path overrides"),
        (run.prepare_kwargs, "stage run_env"),
        (run._run, "executable cmd kwargs"),
        (cli.parse_args, "argv"),
        (cli.main, "argv"),
    ],
    ids=lambda each: getattr(each, "__qualname__", ""),
)
def test_each_function_of_dvc_that_croquis_calls_has_its_parameters(
    function: Callable[..., Any], parameters: str
) -> None:
    with contract(function.__qualname__):
        assert " ".join(inspect.signature(function).parameters) == parameters


def test_stages_have_the_names_that_dvc_yaml_gives_them(repo: Repo) -> None:
    with contract("Stage.addressing"):
        names = {stage.addressing for stage in repo.index.stages}
        assert names == {"one", "two@a-0"}


def test_the_graph_leads_from_a_stage_to_those_it_depends_on(repo: Repo) -> None:
    with contract("Index.graph"):
        one = stage_of(repo, "one")
        two = stage_of(repo, "two@a-0")
        assert list(repo.index.graph.successors(two)) == [one]
        assert len(repo.index.graph) == 2


def test_what_a_stage_reads_and_writes_has_paths_and_hashes_of_dvc_lock(
    repo: Repo,
) -> None:
    with contract("Output.def_path and Output.hash_info"):
        one = stage_of(repo, "one")
        numbers, table = sorted(
            one.deps, key=lambda dep: not hasattr(dep, "params")
        )
        (out,) = one.outs
        assert numbers.params == ["lr"] and numbers.hash_info.value == {"lr": 1}
        assert (table.def_path, out.def_path) == ("in.txt", "one.txt")
        assert table.hash_info.value == out.hash_info.value == digest(SECOND)
        assert table.exists and not table.hash_info.isdir and table.meta.size == 7


def test_a_status_has_dvcs_words_by_path_and_is_empty_where_nothing_changed(
    repo: Repo,
) -> None:
    with contract("Output.status"):
        one = stage_of(repo, "one")
        (table,) = [dep for dep in one.deps if not hasattr(dep, "params")]
        (out,) = one.outs
        assert dict(table.status()) == {}
        Path("in.txt").write_text("third\n")
        Path("one.txt").unlink()
        assert dict(table.status()) == {"in.txt": "modified"}
        assert dict(out.status()) == {"one.txt": "deleted"}


def test_a_stage_itself_is_changed_by_its_command_alone(repo: Repo) -> None:
    with contract("PipelineStage.changed_stage"):
        Path("in.txt").write_text("third\n")
        assert not stage_of(repo, "one").changed_stage()
    Path("dvc.yaml").write_text(PIPELINE.replace("cat in.txt", "cat ./in.txt"))
    with contract("PipelineStage.changed_stage"), Repo() as edited:
        assert stage_of(edited, "one").changed_stage()
        assert not stage_of(edited, "two@a-0").changed_stage()


def test_values_of_parameters_come_from_read_params_which_may_be_replaced(
    repo: Repo,
) -> None:
    with contract("ParamsDependency.read_params"):
        one = stage_of(repo, "one")
        (numbers,) = [dep for dep in one.deps if hasattr(dep, "params")]
        assert numbers.read_params() == {"lr": 1}
        numbers.read_params = lambda flatten=True: {"lr": 5}
        assert numbers.status() == {"params.yaml": {"lr": "modified"}}
        numbers.save()
        assert numbers.hash_info.value == {"lr": 5}


def test_saving_a_dependency_writes_to_memory_alone(repo: Repo) -> None:
    with contract("Output.save"):
        lock = Path("dvc.lock").read_bytes()
        one = stage_of(repo, "one")
        (table,) = [dep for dep in one.deps if not hasattr(dep, "params")]
        Path("in.txt").write_text("third\n")
        table.save()
        assert table.hash_info.value == digest(b"third\n")
        assert Path("dvc.lock").read_bytes() == lock


def test_whether_a_stage_can_be_cached_is_asked_of_get_hash_which_may_be_replaced(
    repo: Repo,
) -> None:
    with contract("stage.cache._can_hash"):
        one = stage_of(repo, "one")
        (table,) = [dep for dep in one.deps if not hasattr(dep, "params")]
        Path("in.txt").unlink()
        table.get_hash = lambda: HashInfo("md5", "0" * 32)
        assert _can_hash(one)  # the file is not there, and nobody looks
        table.get_hash = lambda: HashInfo()
        assert not _can_hash(one)


def test_the_run_cache_is_asked_by_the_hashes_in_memory(repo: Repo) -> None:
    with contract("StageCache._load"):
        one = stage_of(repo, "one")
        (table,) = [dep for dep in one.deps if not hasattr(dep, "params")]
        make_known(table, FIRST)
        kept = repo.stage_cache._load(one)
        (out,) = kept["outs"]
        assert (out["path"], out["md5"]) == ("one.txt", digest(FIRST))
        make_known(table, b"never seen\n")
        assert repo.stage_cache._load(one) is None


def test_a_kept_stage_is_made_in_memory_and_knows_what_the_cache_has(
    repo: Repo,
) -> None:
    with contract("StageCache._create_stage"):
        one = stage_of(repo, "one")
        (table,) = [dep for dep in one.deps if not hasattr(dep, "params")]
        make_known(table, FIRST)
        cache = repo.stage_cache
        (out,) = cache._create_stage(cache._load(one), wdir=one.wdir).outs
        assert (out.def_path, out.hash_info.value) == ("one.txt", digest(FIRST))
        assert not out.changed_cache()
        assert Path("one.txt").read_bytes() == SECOND  # it was not brought
        name = digest(FIRST)
        Path(repo.cache.local.path, name[:2], name[2:]).unlink()
        assert out.changed_cache()


def test_a_stage_as_dvc_lock_has_it_can_be_made_again(repo: Repo) -> None:
    with contract("stage.serialize.to_single_stage_lockfile"):
        one = stage_of(repo, "one")
        kept = to_single_stage_lockfile(one)
        assert kept["outs"][0]["md5"] == digest(SECOND)
        (out,) = repo.stage_cache._create_stage(kept, wdir=one.wdir).outs
        assert out.hash_info.value == digest(SECOND) and not out.changed_cache()


def test_a_run_removes_outputs_through_the_stage_and_records_deps_after_its_command(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `watch` puts around these two methods of the class is called, in this order."""
    events: list[tuple[str, str, str]] = []

    def noting(name: str) -> Callable[..., Any]:
        method = getattr(Stage, name)

        def noted(stage: Any, *arguments: Any, **options: Any) -> Any:
            place = Path("one.txt")
            events.append(
                (
                    name,
                    stage.addressing,
                    place.read_text() if place.is_file() else "",
                )
            )
            return method(stage, *arguments, **options)

        return noted

    with contract("Stage.remove_outs and Stage.save_deps"):
        for name in ("remove_outs", "save_deps"):
            monkeypatch.setattr(Stage, name, noting(name))
        Path("in.txt").write_text("third\n")
        repo.reproduce(["one"])
        assert events[0] == ("remove_outs", "one", "second\n")
        # Between the two, deps are hashed once for the run cache, which has nothing of these.
        assert events[-1] == ("save_deps", "one", "third\n")


def test_the_lock_is_refused_while_another_dvc_has_it(repo: Repo) -> None:
    with contract("Repo.lock and LockError"):
        hold = "import sys; from dvc.repo import Repo; r = Repo(); r.lock.lock(); "
        hold += "print('held', flush=True); sys.stdin.read()"
        other = subprocess.Popen(
            [sys.executable, "-c", hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with other:
            assert other.stdout is not None and other.stdout.readline() == b"held\n"
            with pytest.raises(LockError), repo.lock:
                pass
            other.communicate()


def test_outputs_say_whether_they_stay_where_they_lie_and_who_keeps_them(
    repo: Repo,
) -> None:
    with contract("Output.persist, protocol, fs_path and use_cache"):
        (out,) = stage_of(repo, "one").outs
        assert (out.persist, out.protocol, out.use_cache) == (False, "local", True)
        assert Path(out.fs_path) == Path("one.txt").absolute()
        stage = stage_of(repo, "one")
        assert Path(stage.wdir) == Path(stage.repo.root_dir) == Path.cwd()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("repro", "CmdRepro"),
        ("exp run", "CmdExperimentsRun"),
        ("exp apply x", "CmdExperimentsApply"),
        ("checkout", "CmdCheckout"),
        ("pull", "CmdDataPull"),
        ("status", "CmdDataStatus"),
        ("fetch", "CmdDataFetch"),
        ("push", "CmdDataPush"),
        ("commit", "CmdCommit"),
    ],
)
def test_commands_are_known_by_the_names_of_their_classes(
    command: str, name: str
) -> None:
    with contract(f"dvc.commands, {name}"):
        chosen = cli.parse_args(command.split())
        assert chosen.func.__name__ == name and chosen.cd == "."


def test_options_of_runs_have_the_names_that_are_asked_for() -> None:
    with contract("options of dvc repro and dvc exp run"):
        assert cli.parse_args(["repro", "--dry"]).dry
        run = ["exp", "run", "-S", "lr=1"]
        assert cli.parse_args(run).set_param == ["lr=1"]
        assert cli.parse_args([*run, "--queue"]).queue
        assert cli.parse_args(["exp", "run", "--run-all"]).run_all
        assert cli.parse_args([*run, "--temp"]).tmp_dir
        assert cli.parse_args(["exp", "apply", "x"]).experiment == "x"


def test_what_is_set_is_sorted_by_file_and_put_into_a_copy(tmp_path: Path) -> None:
    with contract("to_path_overrides and apply_overrides"):
        overrides = to_path_overrides(["lr=2", "other.yaml:a=1"])
        assert overrides == {"params.yaml": ["lr=2"], "other.yaml": ["a=1"]}
        copy = tmp_path / "params.yaml"
        copy.write_text("lr: 1 # of the optimizer\n")
        apply_overrides(copy, ["lr=2"])
        assert copy.read_text() == "lr: 2 # of the optimizer\n"


def test_experiments_that_wait_are_found_by_name_with_their_commit() -> None:
    with contract("Experiments.celery_queue and QueueEntry.stash_rev"):
        assert hasattr(Experiments, "celery_queue")
        assert "stash_rev" in QueueEntry.__dataclass_fields__


def test_dvc_writes_its_lock_files_through_what_croquis_makes_whole(
    tmp_path: Path,
) -> None:
    from dvc import dvcfile, rwlock
    from dvc.repo.experiments.executor import base, local
    from dvc_objects.fs.local import LocalFileSystem, localfs

    with contract("how dvc.lock and rwlock are written"):
        assert isinstance(localfs, LocalFileSystem)
        assert 'fs.open(path, "w"' in inspect.getsource(rwlock)
        assert "modify_yaml(self.path, fs=self.repo.fs)" in inspect.getsource(
            dvcfile
        )
    with contract("how an experiment takes HEAD off its branch and back"):
        assert "self.scm.detach_head(" in inspect.getsource(local)
        assert "dvc.reproduce(" in inspect.getsource(base.BaseExecutor.reproduce)
        assert 'client="dvc"' in inspect.getsource(local)


def test_the_cache_asks_one_method_for_the_place_of_an_object(repo: Repo) -> None:
    with contract("LocalHashFileDB.oid_to_path"):
        (out,) = stage_of(repo, "one").outs
        database = repo.cache.local
        place = Path(database.oid_to_path(out.hash_info.value))
        assert place.read_bytes() == SECOND
        assert place.is_relative_to(Path(".dvc/cache/files/md5").absolute())
        assert Path(database.get(out.hash_info.value).path) == place
        place.rename("elsewhere")  # a guard that moves it away is believed
        assert not out.changed_checksum() and out.changed_cache()
        Path("one.txt").unlink()
        with pytest.raises(CheckoutError):
            repo.checkout(targets=["one.txt"], force=True)


def test_an_object_is_not_brought_without_asking_for_its_place(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contract("LocalHashFileDB.oid_to_path in checkout"):
        (out,) = stage_of(repo, "one").outs
        asked = []
        place_of = LocalHashFileDB.oid_to_path

        def asking(database: Any, oid: str) -> str:
            asked.append(oid)
            return place_of(database, oid)

        monkeypatch.setattr(LocalHashFileDB, "oid_to_path", asking)
        Path("one.txt").unlink()
        repo.checkout(targets=["one.txt"])
        assert (
            out.hash_info.value in asked and Path("one.txt").read_bytes() == SECOND
        )


def test_the_state_knows_a_file_by_size_and_time(repo: Repo) -> None:
    with contract("Repo.state.get"):
        (out,) = stage_of(repo, "one").outs
        assert not out.changed_checksum()  # which reads the file
        path = Path("one.txt").absolute()
        _, remembered = repo.state.get(str(path), repo.fs)
        assert (
            remembered.name == "md5" and remembered.value == md5(SECOND).hexdigest()
        )


def test_objects_are_copied_under_names_of_one_form() -> None:
    with contract("tmp_fname"):
        assert re.fullmatch(r"\.[\w-]{22}\.tmp", utils.tmp_fname())
        assert "token_urlsafe" in vars(utils)
