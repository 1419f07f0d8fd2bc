"""Folds of several recipes are not joined."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from croquis.core.errors import InputError
from croquis.vote.mixed_recipes import refuse_mixed_recipes

PREDICTIONS = Path("data/predictions")
PARAMS = """
seed: 42
lr: 1e-05
models:
  a: {lr_mult: 4.0, tta: [identity]}
  b: {lr_mult: 1.0, mix: off}
probes:
  p: {embed: {size: 64}, head: {epochs: 3}}
"""
NOW = YAML(typ="safe", pure=True).load(PARAMS)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_STAGE", "vote")
    Path("params.yaml").write_text(PARAMS)


def locked(**changes: dict[str, Any]) -> None:
    """dvc.lock of two models and a probe on two folds; some stages with other parts."""
    stages: dict[str, Any] = {"split": {"params": {"params.yaml": {"seed": 7}}}}
    stages["split"]["outs"] = [{"path": "data/folds.csv", "md5": "f" * 32}]
    stages["embed@p"] = entry("data/embeddings/p", {"probes.p.embed": {"size": 64}})
    for fold in (0, 1):
        for model in ("a", "b"):
            wanted = {"lr": 1e-05, f"models.{model}": dict(NOW["models"][model])}
            stages[f"train@{model}-{fold}"] = entry(
                f"data/predictions/{model}/fold{fold}", wanted
            )
        probe = entry(
            f"data/predictions/p/fold{fold}", {"probes.p": dict(NOW["probes"]["p"])}
        )
        probe["deps"].append({"path": "data/embeddings/p", "md5": "e" * 32})
        stages[f"probe@p-{fold}"] = probe
    for name, parts in changes.items():
        stage = stages[name.replace("__", "@").replace("_", "-")]
        stage["params"]["params.yaml"] |= parts.get("params", {})
        stage["deps"] += parts.get("deps", [])
    with Path("dvc.lock").open("w", encoding="utf-8") as file:
        YAML().dump({"schema": "2.0", "stages": stages}, file)


def entry(out: str, values: dict[str, Any]) -> dict[str, Any]:
    deps = [{"path": "data/folds.csv", "hash": "md5", "md5": "f" * 32, "size": 9}]
    return {
        "deps": deps,
        "params": {"params.yaml": values},
        "outs": [{"path": out, "md5": "0"}],
    }


def refused() -> str:
    with pytest.raises(InputError) as caught:
        refuse_mixed_recipes(PREDICTIONS, ["a", "b", "p"], [0, 1])
    return str(caught.value)


def accepted() -> None:
    refuse_mixed_recipes(PREDICTIONS, ["a", "b", "p"], [0, 1])


def test_trainings_of_one_recipe_vote() -> None:
    """1e-05 and off are numbers and words of YAML 1.2; a stage of all members runs once."""
    locked()
    accepted()


def test_without_a_lock_nothing_is_said() -> None:
    accepted()


def test_an_edit_between_two_trainings_is_refused() -> None:
    """Fold 0 was trained with 4, fold 1 with 5, and the vote of both had a score."""
    Path("params.yaml").write_text(PARAMS.replace("lr_mult: 4.0", "lr_mult: 5.0"))
    locked(
        train__a_1={"params": {"models.a": {"lr_mult": 5.0, "tta": ["identity"]}}}
    )
    assert refused() == (
        "vote: expected trainings of one recipe, that of params.yaml, received a of fold 0 was"
        " trained before models.a.lr_mult: 4.0 -> 5.0; give `dvc repro` again: it trains those that"
        " differ; or put back what was edited before that"
    )


def test_an_edit_after_all_trainings_is_refused() -> None:
    locked()
    Path("params.yaml").write_text(PARAMS.replace("1e-05", "1e-04"))
    said = refused()
    assert "a of folds 0, 1 was trained before lr: 1e-05 -> 0.0001;" in said
    assert "b of folds 0, 1 was trained before lr: 1e-05 -> 0.0001;" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "size: 64",
            "size: 32",
            "p of folds 0, 1 was trained before probes.p.embed.size: 64 ",
        ),
        (
            "epochs: 3",
            "epochs: 4",
            "p of folds 0, 1 was trained before probes.p.head.epochs: 3 ",
        ),
        (
            ", mix: off",
            "",
            "b of folds 0, 1 was trained before models.b.mix: off -> nothing",
        ),
        ("mix: off", "mix: off, tta: 2", "models.b.tta: nothing -> 2"),
        ("  p: {", "  q: {", "p of folds 0, 1 was trained before probes.p: {"),
    ],
)
def test_probes_and_what_they_are_embedded_with_count(
    old: str, new: str, said: str
) -> None:
    locked()
    assert old in PARAMS
    Path("params.yaml").write_text(PARAMS.replace(old, new))
    assert said in refused()


@pytest.mark.parametrize(
    ("old", "new"), [("seed: 42", "seed: 43"), ("1e-05", "0.00001")]
)
def test_what_no_training_reads_and_other_words_for_a_number_are_accepted(
    old: str, new: str
) -> None:
    locked()
    Path("params.yaml").write_text(PARAMS.replace(old, new))
    accepted()


def test_members_and_folds_that_do_not_vote_are_not_asked() -> None:
    locked(train__a_1={"params": {"lr": 0.5}}, train__b_0={"params": {"lr": 0.5}})
    refuse_mixed_recipes(PREDICTIONS, ["a", "p"], [0])
    refuse_mixed_recipes(PREDICTIONS, ["b"], [1])
    assert (
        "a of fold 1 was trained before lr: 0.5 -> 1e-05; b of fold 0 was"
        in refused()
    )


@pytest.mark.parametrize(
    "path", ["src/croquis/train/engine.py", "data/images/pixels.npy"]
)
def test_an_edit_of_code_or_data_between_two_trainings_is_refused(
    path: str,
) -> None:
    old, new = ({"deps": [{"path": path, "md5": digit * 32}]} for digit in "12")
    locked(train__a_0=old, train__a_1=new, train__b_0=new, train__b_1=new)
    assert (
        f"received a of fold 0 was trained with another {path} than others; give"
        in refused()
    )
    locked(train__a_0=new, train__a_1=new, train__b_0=new, train__b_1=new)
    accepted()


def test_many_differences_are_counted() -> None:
    other = {"params": {f"models.{key}": {"lr_mult": 9.0} for key in "a"}}
    locked(
        train__a_0=other,
        train__b_0={"params": {"lr": 1.0}},
        probe__p_0={"params": {"lr": 2.0}},
    )
    assert "; and 1 more; give" in refused()


def test_three_differences_are_all_named() -> None:
    other = {"params": {"models.a": {"lr_mult": 9.0}}}  # and no tta
    locked(train__a_0=other, train__b_0={"params": {"lr": 1.0}})
    assert refused().count("was trained before") == 3 and "more" not in refused()


def test_a_lock_that_cannot_be_read_is_one_line() -> None:
    Path("dvc.lock").write_text("<<<<<<< HEAD\nstages: {}\n=======\n")
    assert refused().startswith("dvc.lock: expected one text, received two")
