"""Mixed images and their labels tell the same."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from croquis.recipes.augment_params import MixParams
from croquis.train.mixing import Mixing


def settings(**changes: object) -> MixParams:
    plain = {
        "prob": 1.0,
        "mixup": 1.0,
        "cutmix": 1.0,
        "clip": None,
        "off_last_epochs": 0,
    }
    return MixParams(**plain | changes)


def sheets(count: int, side: int = 8) -> torch.Tensor:
    """Image k is k everywhere, (count, 3, side, side): a mean tells who is in it, if two are."""
    return torch.arange(count).float().view(-1, 1, 1, 1).expand(-1, 3, side, side)


@given(
    seed=st.integers(0, 2**32 - 1),
    half=st.integers(1, 4),
    kind=st.sampled_from([{"mixup": 0.0}, {"cutmix": 0.0}, {}]),
    clip=st.sampled_from([None, [0.3, 0.7]]),
)
def test_labels_are_the_shares_of_pixels(
    seed: int, half: int, kind: dict, clip: list
) -> None:
    """A team mixed the targets of other images, by the lambda of a box that was clipped."""
    images, targets = sheets(2 * half), torch.eye(2 * half)
    mixed, shares = Mixing(settings(**kind, clip=clip), 1)(
        images, targets, epoch=0, seed=seed
    )
    for k in range(2 * half):
        other = 2 * half - 1 - k
        own = (
            (mixed[k].mean() - other) / (k - other)
        ).item()  # the share of k in its pixels
        expected = torch.zeros(2 * half)
        expected[k], expected[other] = own, 1 - own
        torch.testing.assert_close(shares[k], expected, atol=1e-5, rtol=0)


def test_soft_targets_still_sum_to_one() -> None:
    targets = torch.tensor([[0.5, 0.5, 0], [0, 0.25, 0.75], [1, 0, 0], [0, 0, 1]])
    for seed in range(20):
        _, shares = Mixing(settings(), 1)(sheets(4), targets, epoch=0, seed=seed)
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(4))


def test_lambda_stays_inside_its_bounds() -> None:
    found = []
    for seed in range(40):
        mixing = Mixing(settings(cutmix=0.0, clip=[0.3, 0.7]), 1)
        found.append(
            mixing(sheets(2), torch.eye(2), epoch=0, seed=seed)[1][0, 0].item()
        )
    assert min(found) == pytest.approx(0.3) and max(found) == pytest.approx(0.7)


def test_some_batches_stay_as_they_are() -> None:
    mixing = Mixing(settings(prob=0.25), 1)
    same = sum(
        torch.equal(
            mixing(sheets(4), torch.eye(4), epoch=0, seed=seed)[1], torch.eye(4)
        )
        for seed in range(200)
    )
    assert 120 < same < 180


def test_the_last_epochs_are_plain() -> None:
    mixing = Mixing(settings(off_last_epochs=2), 5)
    plain = [
        torch.equal(
            mixing(sheets(4), torch.eye(4), epoch=epoch, seed=1)[1], torch.eye(4)
        )
        for epoch in range(5)
    ]
    assert plain == [False, False, False, True, True]


def test_a_lone_last_image_stays_and_a_batch_of_one_is_no_batch() -> None:
    """A published entry mixed batches of one with themselves, and reported a gain."""
    images, targets = sheets(3), torch.eye(3)
    mixed, shares = Mixing(settings(), 1)(images, targets, epoch=0, seed=3)
    assert torch.equal(mixed[2], images[2]) and torch.equal(shares[2], targets[2])
    assert not torch.equal(shares[:2], targets[:2])
    one, alone = Mixing(settings(), 1)(images[:1], targets[:1], epoch=0, seed=3)
    assert torch.equal(one, images[:1]) and torch.equal(alone, targets[:1])


def test_the_seed_decides_and_numpys_generator_and_the_batch_are_left_alone() -> (
    None
):
    images, before = sheets(4).clone(), np.random.get_state()[1].copy()
    first = Mixing(settings(), 1)(images, torch.eye(4), epoch=0, seed=7)
    again = Mixing(settings(), 1)(images, torch.eye(4), epoch=0, seed=7)
    assert all(
        torch.equal(one, other) for one, other in zip(first, again, strict=True)
    )
    assert torch.equal(images, sheets(4))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_bounds_of_lambda_leave_batches_alone_that_are_not_mixed() -> None:
    never = settings(prob=0.0, clip=[0.3, 0.7])
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 2, 2).clone()
    targets = torch.eye(4)
    mixed, shares = Mixing(never, epochs=1)(images, targets, epoch=0, seed=0)
    assert torch.equal(mixed, images) and torch.equal(shares, targets)
