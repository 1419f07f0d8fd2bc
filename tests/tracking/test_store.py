"""Where runs are kept, and what they are called."""

from pathlib import Path

import pytest

from croquis.tracking import store as stores
from croquis.tracking.store_errors import StoreTrouble


def test_the_store_lies_beside_the_pipeline_unless_the_environment_says_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert stores.uri() == "http://127.0.0.1:5000"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert stores.uri() == f"sqlite:///{tmp_path}/mlflow.db"


def test_a_pipeline_is_found_by_its_scores_the_newest_first_and_never_made() -> (
    None
):
    made = []
    client, experiment, _ = stores.connect_by_scores("by-scores", {"a": 1.0})
    experiment_id = experiment.experiment_id
    for start, scores in enumerate(
        ({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 3.0}, {"a": 4.0})
    ):
        run = client.create_run(
            experiment_id, start_time=start + 1, tags={"kind": "pipeline"}
        )
        made.append(run.info.run_id)
        for name, value in scores.items():
            client.log_metric(run.info.run_id, name, value)
    client.create_run(experiment_id, start_time=9, tags={"kind": "train"})
    wanted = (
        ({"a": 1.0}, made[1]),
        ({"a": 1.0, "b": 2.0}, made[0]),
        ({"a": 5.0}, None),
    )
    for scores, run_id in wanted:
        assert stores.connect_by_scores("by-scores", scores)[2] == run_id
    assert len(client.search_runs([experiment_id])) == 4


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("first\nsecond"), "first"),
        (ValueError(), "ValueError"),
        (
            ConnectionError("https://me:secret@host/api failed"),
            "https://***@host/api failed",
        ),
        (ValueError("x" * 300), "x" * 200),
    ],
)
def test_a_reason_is_one_line_without_a_password(
    error: Exception, said: str
) -> None:
    assert stores.store_error(error) == said


def entered(source: str, **settings: object) -> tuple[str, str]:
    """The ids of the experiment and of the run of a pipeline on a source."""
    pipeline = stores.Pipeline(source, settings, str(settings.pop("images", "")))
    return stores.connect(pipeline)[1:]


def test_another_set_of_parameters_or_data_is_another_run_and_the_same_one_is_found_again() -> (
    None
):
    """Two `make repro` at one commit shared a run, and the second overwrote the first's score."""
    runs = [
        entered("keyed", lr=0.1)[1],
        entered("keyed", lr=0.2)[1],
        entered("keyed", lr=0.1, images="other")[1],
        entered("keyed", lr=0.1)[1],
        entered("keyed", lr=0.1, data={"source": "elsewhere"})[1],
    ]
    assert len(set(runs)) == 3 and runs[0] == runs[3] == runs[4]


def test_each_commit_and_each_experiment_has_runs_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = entered("versions", lr=0.1)[1]
    monkeypatch.setenv("DVC_EXP_NAME", "bold-idea")
    assert entered("versions", lr=0.1)[1] != first


def test_a_run_of_a_pipeline_shows_its_parameters() -> None:
    """It had none, not even lr, so that experiments could not be compared."""
    # MLflow takes 100 in one call.
    wide = {f"key{number}": number for number in range(150)}
    client, _, run_id = stores.connect(
        stores.Pipeline(
            "shown", {"lr": 0.1, "run": {"folds": [0, 1]}, "train": wide}
        )
    )
    params = client.get_run(run_id).data.params
    assert params["lr"] == "0.1" and params["run.folds"] == "[0, 1]"
    assert len(params) == 152 and params["train.key149"] == "149"


def test_a_run_of_a_pipeline_is_of_no_single_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever stage comes first makes it."""
    monkeypatch.setenv("DVC_STAGE", "train@a-0")
    client, _, run_id = stores.connect(stores.Pipeline("stages"))
    tags = client.get_run(run_id).data.tags
    assert "stage" not in tags and tags["mlflow.source.name"] == "dvc repro"


def test_a_run_whose_maker_was_killed_gets_its_parameters() -> None:
    pipeline = stores.Pipeline("killed", {"lr": 0.1})
    client, experiment_id, _ = stores.connect(stores.Pipeline("killed"))
    tags = {"kind": "pipeline", stores.KEY: pipeline.key}
    made = client.create_run(experiment_id, tags=tags).info.run_id
    assert stores.connect(pipeline)[2] == made
    assert client.get_run(made).data.params == {"lr": "0.1"}


@pytest.mark.parametrize(
    "name", ["it's", 'say "it\'s"', "back\\slash", "50%_off", "a;--"]
)
def test_no_character_of_a_name_leaves_a_run_untracked(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An apostrophe ended the filter, and every later run was untracked."""
    monkeypatch.setenv("DVC_EXP_NAME", name)
    first, second = entered(f"{name}/{name}.zip"), entered(f"{name}/{name}.zip")
    assert first == second
    client = stores.open_store()
    assert client.get_experiment(first[0]).name == name
    assert client.get_run(first[1]).info.run_name == name
    model = client.create_registered_model(stores.model_name(name))
    assert client.search_model_versions(f"name = '{model.name}'") == []


def test_a_deleted_experiment_is_brought_back_with_a_line() -> None:
    """MLflow keeps its name, and takes no run under it: every later run was untracked."""
    first = entered("deleted")
    client = stores.open_store()
    client.delete_experiment(first[0])
    with pytest.warns(
        UserWarning, match="experiment 'deleted' was deleted; it is back"
    ):
        assert entered("deleted") == first
    assert entered("deleted") == first


def test_two_sources_of_one_name_have_an_experiment_each() -> None:
    """Two competitions with a data.tar.gz shared one."""
    first, second = (
        entered(f"/home/{who}/shapes/data.tar.gz")[0] for who in ("ann", "bob")
    )
    client = stores.open_store()
    names = [client.get_experiment(each).name for each in (first, second)]
    assert names[0] == "shapes-data" and names[1].startswith("shapes-data-")
    assert (
        client.get_experiment(first).tags[stores.SOURCE]
        == "/home/ann/shapes/data.tar.gz"
    )
    for who, experiment in (("ann", first), ("bob", second)):
        source = f"/home/{who}/shapes/data.tar.gz"
        assert entered(source)[0] == experiment
        assert stores.experiment_of(client, source)[1].experiment_id == experiment


def test_what_a_former_version_made_is_taken_over() -> None:
    """It named a data.tar.gz "data", wherever that lay, and tagged nothing."""
    client = stores.open_store()
    plain = client.create_experiment("ferns")
    assert entered("/a/ferns.zip")[0] == plain
    assert client.get_experiment(plain).tags[stores.SOURCE] == "/a/ferns.zip"
    former = client.create_experiment("train", tags={stores.NOTE: stores.OURS})
    assert entered("/a/mosses/train.tar.gz")[0] == former
    assert (
        client.get_experiment(entered("/b/lichens/train.tar.gz")[0]).name
        == "lichens-train"
    )
    client.create_experiment("images")  # somebody else's, on a shared server
    assert (
        client.get_experiment(entered("/a/moths/images.zip")[0]).name
        == "moths-images"
    )


def test_the_environment_names_the_experiment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "/Users/me/it's mine")
    experiment = entered("any.zip")[0]
    client = stores.open_store()
    assert client.get_experiment(experiment).name == "/Users/me/it's mine"
    assert stores.experiment_of(client, "other.zip")[1].experiment_id == experiment
    assert stores.model_name("/Users/me/it's mine") == "Users-me-it-s-mine"


def test_a_deleted_run_of_a_pipeline_is_brought_back_with_a_line() -> None:
    """Its trainings would have lain below a run that nobody sees."""
    first = entered("deleted-run", lr=0.1)
    client = stores.open_store()
    client.delete_run(first[1])
    with pytest.warns(UserWarning, match="was deleted; it is back, for its"):
        assert entered("deleted-run", lr=0.1) == first
    assert entered("deleted-run", lr=0.1) == first


def test_a_run_of_a_pipeline_whose_maker_was_killed_is_not_at_work_for_ever() -> (
    None
):
    pipeline = stores.Pipeline("at-work", {"lr": 0.1})
    client, experiment_id, _ = stores.connect(stores.Pipeline("at-work"))
    tags = {"kind": "pipeline", stores.KEY: pipeline.key}
    made = client.create_run(experiment_id, tags=tags).info.run_id
    assert stores.connect(pipeline)[2] == made
    assert client.get_run(made).info.status == "FINISHED"


def test_a_store_that_is_only_looked_at_is_neither_made_nor_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow would make its tables in place, where a signal hurts."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(StoreTrouble, match="is not there yet"):
        stores.open_store()
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(StoreTrouble, match="half made") as caught:
        stores.open_store()
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    error = stores.unreachable(caught.value)
    assert str(error).startswith(
        f"sqlite:///{tmp_path}/mlflow.db: expected a store"
    )
    assert "the next training sets it aside" in str(error)
