"""Losses by hand, and against PyTorch where it has them."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from croquis.heads.losses import dense, per_image

LOGITS = torch.tensor([[0.0, math.log(3)]])  # p = 1/4, 3/4
SECOND = torch.tensor([[0.0, 1.0]])


def test_labels_become_shares_and_shares_stay() -> None:
    assert dense(torch.tensor([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]
    shares = torch.tensor([[0.5, 0.5]])
    assert dense(shares, 2) is shares


def test_cross_entropy_by_hand() -> None:
    assert per_image(LOGITS, SECOND).item() == pytest.approx(-math.log(3 / 4))
    halves = torch.tensor([[0.5, 0.5]])
    expected = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    assert per_image(LOGITS, halves).item() == pytest.approx(expected)


def test_label_smoothing_by_hand() -> None:
    found = per_image(LOGITS, SECOND, label_smoothing=0.2).item()
    assert found == pytest.approx(-(0.9 * math.log(3 / 4) + 0.1 * math.log(1 / 4)))


def test_focal_by_hand() -> None:
    found = per_image(LOGITS, SECOND, loss="focal", focal_gamma=2.0).item()
    assert found == pytest.approx(-((1 / 4) ** 2) * math.log(3 / 4))


def test_binary_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[0.0, math.log(3)]])  # sigmoids 1/2 and 3/4
    found = per_image(logits, SECOND, loss="bce").item()
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
        found = per_image(
            logits, dense(targets, 4), label_smoothing=smoothing, **options
        )
        torch.testing.assert_close(found, expected)
