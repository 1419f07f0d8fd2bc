"""Losses by hand, and against PyTorch where it has them."""

import math
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from croquis.heads.losses import LOSSES, dense, per_image
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadParams
from croquis.recipes.recipes import TrainParams
from croquis.recipes.shared_params import LossParams

LINEAR = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)
PLAIN = HeadParams(
    epochs=1,
    batch_size=1,
    weight_decay=0.0,
    label_smoothing=0.0,
    lr_mult=1.0,
    shape=LINEAR,
)
LOGITS = torch.tensor([[0.0, math.log(3)]])  # p = 1/4, 3/4
SECOND = torch.tensor([[0.0, 1.0]])


def loss_of(
    logits: torch.Tensor, targets: torch.Tensor, **changes: object
) -> torch.Tensor:
    return per_image(logits, targets, PLAIN.model_copy(update=changes))


@pytest.mark.parametrize("kind", [TrainParams, HeadParams])
def test_the_names_that_a_recipe_allows_are_those_that_work(kind: type) -> None:
    assert set(get_args(kind.model_fields["loss"].annotation)) == set(LOSSES)


def test_a_parameter_of_a_loss_is_a_key_of_models_and_of_heads_alike() -> None:
    """A loss takes the recipe: a key that heads lack would fail when a probe uses it."""
    for name in LossParams.model_fields:
        assert name in TrainParams.model_fields and name in HeadParams.model_fields


def test_labels_become_shares_and_shares_stay() -> None:
    assert dense(torch.tensor([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    shares = torch.tensor([[0.5, 0.5]])
    assert dense(shares, 2) is shares


def test_cross_entropy_by_hand() -> None:
    assert loss_of(LOGITS, SECOND).item() == pytest.approx(-math.log(3 / 4))
    halves = torch.tensor([[0.5, 0.5]])
    expected = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    assert loss_of(LOGITS, halves).item() == pytest.approx(expected)


def test_label_smoothing_by_hand() -> None:
    found = loss_of(LOGITS, SECOND, label_smoothing=0.2).item()
    assert found == pytest.approx(-(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4)))


def test_focal_by_hand() -> None:
    found = loss_of(LOGITS, SECOND, loss="focal", focal_gamma=2.0).item()
    assert found == pytest.approx(-((1 / 4) ** 2) * math.log(3 / 4))


def test_binary_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3)]])  # sigmoids 1/2 and 3/4
    found = loss_of(logits, SECOND, loss="bce").item()
    assert found == pytest.approx(-(math.log(1 / 2) + math.log(3 / 4)) / 2)


@given(seed=st.integers(0, 2**16), smoothing=st.floats(0, 0.9))
def test_cross_entropy_is_pytorchs_and_focal_without_gamma_too(
    seed: int, smoothing: float
) -> None:
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 4, generator=draw)
    targets = torch.randint(4, (5,), generator=draw)
    expected = F.cross_entropy(
        logits, targets, reduction="none", label_smoothing=smoothing
    )
    for options in ({"loss": "ce"}, {"loss": "focal", "focal_gamma": 0.0}):
        found = loss_of(
            logits, dense(targets, 4), label_smoothing=smoothing, **options
        )
        torch.testing.assert_close(found, expected)
