"""A score is shown only beside the parameters and the data that it was made of."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from croquis.commands.experiments import _drop_outdated
from croquis.core.errors import InputError
from croquis.scoring import outdated_scores

PIPELINE = {
    "split": {
        "outs": ["data/folds.csv"],
        "metrics": [{"metrics/split.json": {"cache": False}}],
    },
    "train": {
        "matrix": {"model": "${run.models}", "fold": "${run.folds}"},
        "outs": ["data/predictions/${item.model}/fold${item.fold}"],
    },
    "vote": {
        "outs": ["data/votes"],
        "metrics": [{"metrics/vote.json": {"cache": False}}],
    },
}
PARAMS = {
    "seed": 1,
    "lr": 1e-05,
    "run": {"models": ["a"], "folds": [0, 1]},
    "models": {"a": {}},
}
SCORES = b'{"accuracy": 0.5}\n'


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class Project:
    """A folder with a pipeline of three kinds of stages that has run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.params = folder, json.loads(json.dumps(PARAMS))
        self.lock: dict[str, Any] = {
            "split": self._stage(
                {"seed": 1}, [], [("data/folds.csv", "folds"), "split"]
            ),
        }
        for name in ("a", "b"):  # b is no longer in run.models
            for fold in (0, 1):
                self.train(name, fold, f"{name}{fold}")
        self.vote("a0", "a1")

    @staticmethod
    def _stage(params: dict, deps: list, outs: list) -> dict:
        written = [
            out if isinstance(out, tuple) else (f"metrics/{out}.json", SCORES)
            for out in outs
        ]
        return {
            "params": {"params.yaml": params},
            "deps": [entry(path, value) for path, value in deps],
            "outs": [entry(path, value) for path, value in written],
        }

    def train(self, name: str, fold: int, content: str, lr: float = 1e-05) -> None:
        """A training that wrote one file, `content`, into a folder of its own."""
        listed = json.dumps(
            [{"md5": md5(content.encode()), "relpath": "val.npz"}]
        ).encode()
        value = f"{md5(listed)}.dir"
        path = self.folder / ".dvc/cache/files/md5" / value[:2] / value[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(listed)
        self.lock[f"train@{name}-{fold}"] = {
            "params": {"params.yaml": {"lr": lr}},
            "deps": [entry("data/folds.csv", "folds")],
            "outs": [
                {
                    "path": f"data/predictions/{name}/fold{fold}",
                    "md5": value,
                    "size": 5,
                    "nfiles": 1,
                }
            ],
        }

    def vote(self, *read: str) -> None:
        """A vote on a folder with these files: `a1` is that of model a, fold 1."""
        files = [
            {
                "md5": md5(each.encode()),
                "relpath": f"{each[0]}/fold{each[1]}/val.npz",
            }
            for each in read
        ]
        folder = {
            "path": "data/predictions",
            "md5": f"{md5(json.dumps(files).encode())}.dir",
        }
        self.lock["vote"] = self._stage(
            {"seed": 1, "run": PARAMS["run"]},
            [("data/folds.csv", "folds")],
            [("data/votes", "votes"), "vote"],
        )
        self.lock["vote"]["deps"].append(
            folder | {"size": 5 * len(read), "nfiles": len(read)}
        )

    def reason(self, path: str = "metrics/vote.json") -> str:
        self.write()
        return outdated_scores.state_of_folder(self.folder).outdated(path)

    def write(self) -> None:
        (self.folder / "metrics").mkdir(exist_ok=True)
        for name in ("split", "vote"):
            file = self.folder / f"metrics/{name}.json"
            file.exists() or file.write_bytes(SCORES)
        for name, content in (
            ("params.yaml", self.params),
            ("dvc.yaml", {"stages": PIPELINE}),
            ("dvc.lock", {"stages": self.lock}),
        ):
            (self.folder / name).write_text(
                yaml.safe_dump(content, sort_keys=False)
            )


def entry(path: str, value: str | bytes) -> dict[str, Any]:
    content = value.encode() if isinstance(value, str) else value
    return {"path": path, "md5": md5(content), "size": len(content)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_score_of_the_parameters_and_the_data_beside_it_is_shown(
    project: Project,
) -> None:
    assert project.reason() == "" and project.reason("data/votes/a/oof.npz") == ""


def test_a_clone_where_nothing_ran_has_no_scores(project: Project) -> None:
    project.lock = {}
    assert project.reason() == "vote has not run"
    assert project.reason("data/votes/a/oof.npz") == "vote has not run"


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("seed", 2, "vote ran with seed 1, now 2"),
        ("lr", 1e-04, "train@a-0 ran with lr 1e-05, now 0.0001"),
        (
            "run",
            {"models": ["a"], "folds": [0]},
            "vote ran with run.folds [0, 1], now [0]",
        ),
        (
            "run",
            None,
            "vote ran with run {'models': ['a'], 'folds': [0, 1]}, now null",
        ),
    ],
)
def test_a_score_of_other_parameters_is_not(
    project: Project, key: str, value: object, reason: str
) -> None:
    project.params[key] = value
    assert project.reason() == reason


def test_a_comment_or_a_key_that_no_stage_reads_takes_no_score_away(
    project: Project,
) -> None:
    project.params["models"]["c"] = {"new": 1}
    assert project.reason() == ""


def test_a_split_that_ran_alone_takes_the_scores_after_it_away(
    project: Project,
) -> None:
    """`dvc exp run -S data.source=mine.tar.gz split` showed .851 of another data set."""
    project.lock["split"]["outs"][0] = entry("data/folds.csv", "other folds")
    assert project.reason("metrics/split.json") == ""
    assert project.reason() == "split is newer than vote"


def test_a_training_that_ran_alone_takes_the_scores_after_it_away(
    project: Project,
) -> None:
    project.train("a", 1, "a1 anew")
    assert project.reason() == "data/predictions is newer than vote"


def test_a_training_that_never_ran_takes_the_scores_after_it_away(
    project: Project,
) -> None:
    del project.lock["train@a-1"]
    assert project.reason() == "train@a-1 has not run"


@pytest.mark.parametrize("left", [("b0",), ("b0", "b1")])
def test_files_of_a_former_member_in_the_folder_are_no_news(
    project: Project, left: tuple[str, ...]
) -> None:
    """DVC leaves them there, and hashes the folder with them."""
    project.vote("a0", "a1", *left)
    assert project.reason() == ""
    project.train("a", 1, "a1 anew")
    assert project.reason() == "data/predictions is newer than vote"


def test_files_that_no_dvc_lock_ever_met_are_no_news(project: Project) -> None:
    """A run could else end with "not run", and another one would change nothing."""
    project.vote("a0", "a1", "c0")
    del project.lock["train@b-0"], project.lock["train@b-1"]
    assert project.reason() == ""


def test_without_the_cache_sizes_are_compared(project: Project) -> None:
    project.vote("a0")
    assert project.reason() == "data/predictions is newer than vote"
    project.vote("a0", "a1")
    project.write()
    (project.folder / ".dvc/config").write_text("[cache]\n    dir = elsewhere\n")
    project.train("a", 1, "a1 anew")
    assert project.reason() == ""


def test_a_file_of_scores_that_the_stage_did_not_write_is_not_shown(
    project: Project,
) -> None:
    """The first `dvc metrics diff` of every user compared with scores that came with the clone."""
    project.write()
    (project.folder / "metrics/vote.json").write_text('{"accuracy": 0.851}\n')
    assert project.reason() == "metrics/vote.json is not the one that vote wrote"


def test_of_files_that_no_stage_makes_nothing_is_said(project: Project) -> None:
    assert project.reason("elsewhere/vote.json") == ""


def test_an_edit_of_a_persons_table_takes_the_scores_away(project: Project) -> None:
    """After an edit of data/overrides.csv the score was still that of the images before it."""
    (project.folder / "data").mkdir(exist_ok=True)
    table = project.folder / "data/overrides.csv"
    table.write_text("id,decision,other\n")
    project.lock["split"]["deps"].append(
        entry("data/overrides.csv", "id,decision,other\n")
    )
    assert project.reason() == ""
    table.write_text("id,decision,other\na,drop,\n")
    assert project.reason() == "split ran with another data/overrides.csv"


def test_a_folder_of_single_files_is_compared_by_their_hashes(
    project: Project,
) -> None:
    outs = [entry("tables/a.csv", "a"), entry("tables/b.csv", "b")]
    project.lock["split"]["outs"] += outs
    files = [
        {"md5": md5(b"a"), "relpath": "a.csv"},
        {"md5": md5(b"b"), "relpath": "b.csv"},
    ]
    value = f"{md5(json.dumps(files).encode())}.dir"
    dep = {"path": "tables", "md5": value, "size": 2, "nfiles": 2}
    project.lock["vote"]["deps"].append(dep)
    assert project.reason() == ""
    project.lock["split"]["outs"][-1] = entry("tables/b.csv", "c")
    assert project.reason() == "split is newer than vote"


@pytest.mark.parametrize("text", ["lr: [", "\x00", "42"])
def test_parameters_that_cannot_be_read_have_no_scores(
    project: Project, text: str
) -> None:
    project.write()
    (project.folder / "params.yaml").write_text(text)
    assert (
        outdated_scores.state_of_folder(project.folder)
        .outdated("metrics/vote.json")
        .startswith("vote ran with")
    )


def test_a_commit_is_judged_by_its_own_files(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    project.write()
    config = "-c user.name=a -c user.email=a@example.com"
    subprocess.run(
        f"git init -q . && git add -A && git {config} commit -qm a",
        shell=True,
        check=True,
    )
    project.params["seed"] = 2
    assert project.reason() == "vote ran with seed 1, now 2"
    assert (
        outdated_scores.state_of_commit("HEAD").outdated("metrics/vote.json") == ""
    )
    scores = {f"metrics/{name}.json": {"data": {}} for name in ("split", "vote")}
    states = [
        {"rev": rev, "data": {"metrics": dict(scores)}}
        for rev in ("workspace", "HEAD")
    ]
    head = states[1] | {"experiments": [{"revs": [states[0]]}]}
    kept = [
        sorted(_drop_outdated(state)["data"]["metrics"])
        for state in (states[0], head)
    ]
    assert kept == [[], sorted(scores)] and states[0]["data"]["metrics"] == {}


def test_a_command_says_why_it_shows_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    project.params["seed"] = 2
    project.write()
    expected = (
        r"vote\.json: expected a result of these .*, received none: vote ran with"
    )
    with pytest.raises(InputError, match=f"{expected} seed 1, now"):
        outdated_scores.require(Path("metrics/vote.json"))
