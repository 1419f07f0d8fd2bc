"""Which mistakes are explained, by which network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from leftovers import data_of, leave, outcome_of
from safetensors.torch import save_file

from croquis.explain import explaining
from croquis.explain.explaining import best, explained, lines
from croquis.explain.saliency import Maps
from croquis.predictions import Predictions
from croquis.training.hardware import Hardware
from croquis.training.networks import network

CPU = Hardware(torch.device("cpu"), None, False, 0)


def made(folder: Path, recipe, *, voters: tuple[str, ...] = ("tiny",)) -> Maps:
    data, outcome = data_of(folder), outcome_of(folder)
    return explained(
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
    own, asked = recipe(image_size=32), []
    (drawn / "checkpoints" / "tiny").mkdir(parents=True)
    for fold in (0, 1):
        weights = network(own, ["bar", "pole", "spot"]).state_dict()
        save_file(weights, drawn / "checkpoints" / "tiny" / f"fold{fold}.safetensors")
    monkeypatch.setattr(
        explaining,
        "fine_tuned",
        lambda recipe, count, path: asked.append(path.name) or real(recipe, count, path),
    )
    found = made(drawn, own)
    assert found.ids.tolist() == ["train/spot/2.png", "train/pole/7.png"]
    assert found.maps.shape == (2, 32, 32) and found.member == "tiny"
    assert asked == ["fold0.safetensors"]  # rows 2 and 7 are both of fold 0


def test_without_a_fine_tuned_member_nothing_is_explained(drawn: Path, recipe) -> None:
    leave(drawn)
    found = made(drawn, recipe(), voters=())
    assert found.member == "" and len(found.ids) == len(found.maps) == 0


def test_the_lines_of_the_stage_tell_mistakes_sizes_and_licences(drawn: Path) -> None:
    leave(drawn)
    networks, looked = (
        outcome_of(drawn).networks,
        Maps(np.array(["a"]), np.zeros((1, 2, 2)), "tiny"),
    )
    sizes = "explain: 2 members of 11.0 to 11.0 M parameters; licences of their weights: apache-2.0"
    assert lines(networks, looked) == ["explain: 1 of the surest mistakes, as tiny saw them", sizes]
    assert lines(networks, explaining.NOBODY)[0].startswith("explain: no mistakes: none were made")


def test_the_best_member_is_asked_and_of_equals_the_first() -> None:
    ids, labels = np.array(["a", "b"]), np.array([0, 1])
    right = Predictions(ids[::-1], [[0.1, 0.9], [0.9, 0.1]], ["x", "y"])
    wrong = Predictions(ids, [[0.9, 0.1], [0.9, 0.1]], ["x", "y"])
    assert best({"b": right, "a": wrong}, ids, labels) == "b"
    assert best({"b": right, "a": right}, ids, labels) == "a"


real = explaining.fine_tuned
