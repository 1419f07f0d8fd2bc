"""Which mistakes are explained, by which network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from croquis.explain import explanations
from croquis.explain.explanations import (
    Explanation,
    best_model,
    error_count,
    explain_lines,
    explain_mistakes,
)
from croquis.explain.saliency import SaliencyMaps
from croquis.networks.networks import build_model
from croquis.runtime.hardware import Hardware
from croquis.tables.predictions import Predictions
from support.leftovers import data_of, leave, outcome_of

CPU = Hardware(torch.device("cpu"), None, False, 0)


def made(
    folder: Path, recipe, *, voters: tuple[str, ...] = ("tiny",)
) -> SaliencyMaps:
    data, outcome = data_of(folder), outcome_of(folder)
    return explain_mistakes(
        data.folds,
        outcome.oof,
        {key: outcome.members[key] for key in voters},
        {"tiny": recipe},
        pixels=data.pixels,
        checkpoints=folder / "checkpoints",
        hardware=CPU,
    )


def test_each_mistake_is_asked_of_the_network_without_its_fold(
    drawn: Path, recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)
    settings, asked = recipe(image_size=32), []
    (drawn / "checkpoints" / "tiny").mkdir(parents=True)
    for fold in (0, 1):
        weights = build_model(settings, ["bar", "pole", "spot"]).state_dict()
        save_file(
            weights, drawn / "checkpoints" / "tiny" / f"fold{fold}.safetensors"
        )
    monkeypatch.setattr(
        explanations,
        "restore_model",
        lambda recipe, count, path: (
            asked.append(path.name) or real(recipe, count, path)
        ),
    )
    maps = made(drawn, settings)
    assert maps.ids.tolist() == ["train/spot/2.png", "train/pole/7.png"]
    assert maps.maps.shape == (2, 32, 32) and maps.member == "tiny"
    assert asked == ["fold0.safetensors"]  # rows 2 and 7 are both of fold 0


def test_without_a_fine_tuned_member_nothing_is_explained(
    drawn: Path, recipe
) -> None:
    leave(drawn)
    maps = made(drawn, recipe(), voters=())
    assert maps.member == "" and len(maps.ids) == len(maps.maps) == 0


def test_the_lines_of_the_stage_tell_mistakes_sizes_and_licences(
    drawn: Path,
) -> None:
    leave(drawn)
    networks = outcome_of(drawn).networks
    looked = SaliencyMaps(np.array(["a"]), np.zeros((1, 2, 2)), "tiny")
    sizes = "explain: 2 members of 11.0 to 11.0 M parameters; licences of their weights: apache-2.0"
    assert explain_lines(Explanation(networks, looked, 2)) == [
        "explain: 1 of the surest mistakes, as tiny saw them",
        sizes,
    ]


def test_errors_without_a_network_are_not_called_no_mistakes(drawn: Path) -> None:
    """`explain: no mistakes`, said of 31 errors of a run of probes."""
    leave(drawn)
    networks = outcome_of(drawn).networks
    wrong = error_count(data_of(drawn).folds, outcome_of(drawn).oof)
    assert wrong == 2
    assert explain_lines(Explanation(networks, explanations.NO_MAPS, wrong))[0] == (
        "explain: no network to ask about 2 errors: no voting member is fine-tuned"
    )
    assert explain_lines(Explanation(networks, explanations.NO_MAPS, 0))[0] == (
        "explain: no mistakes to explain: every image is right out of fold"
    )


def test_a_network_that_fails_leaves_a_reason_and_the_maps_of_other_folds(
    drawn: Path, recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(drawn)
    asked: list[str] = []

    def broken(_: object, count: int, path: Path) -> None:
        asked.append(path.name)
        raise AttributeError("no next_functions")

    monkeypatch.setattr(explanations, "restore_model", broken)
    maps = made(drawn, recipe(image_size=32))
    assert (
        maps.maps.shape == (0, 32, 32)
        and len(maps.ids) == 0
        and asked == ["fold0.safetensors"]
    )
    assert maps.failed == "fold 0: AttributeError: no next_functions"
    said = explain_lines(Explanation(outcome_of(drawn).networks, maps, 2))
    assert said[-1] == (
        "explain: warning: no map for fold 0: AttributeError: no next_functions; "
        "`dvc repro -f -s explain` tries again"
    )


def test_a_member_that_was_not_counted_is_named(drawn: Path) -> None:
    leave(drawn)
    networks = outcome_of(drawn).networks
    networks.loc[0, ["parameters", "failed"]] = [np.nan, "KeyError: 'x'"]
    said = explain_lines(Explanation(networks, explanations.NO_MAPS, 0))
    assert said[1].startswith("explain: 2 members of 11.0 to 11.0 M parameters")
    assert said[2].startswith(
        "explain: warning: tiny could not be counted (KeyError: 'x'); `dvc"
    )


def test_the_best_member_is_asked_and_of_equals_the_first() -> None:
    ids, labels = np.array(["a", "b"]), np.array([0, 1])
    right = Predictions(ids[::-1], [[0.1, 0.9], [0.9, 0.1]], ["x", "y"])
    wrong = Predictions(ids, [[0.9, 0.1], [0.9, 0.1]], ["x", "y"])
    assert best_model({"b": right, "a": wrong}, ids, labels) == "b"
    assert best_model({"b": right, "a": right}, ids, labels) == "a"


real = explanations.restore_model
