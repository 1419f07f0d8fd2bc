"""What trainings compute, by hand: each image as often as it goes through the network."""

import pytest
import torch

from croquis.costs.work import model_work, probe_work
from croquis.networks.macs import forward_macs
from croquis.networks.networks import on_meta
from croquis.recipes.recipes import ModelParams
from support.leftovers import HEAD, recipe

# resnet18 at 32 px: its first layer alone has an input that needs no gradient.
FIRST = 3 * 64 * 49 * 16 * 16
HEAD_MACS = 512 * 3


def macs_of(own: ModelParams, size: int = 32) -> int:
    return forward_macs(on_meta(own, 3), size)


def work_of(**changes: object) -> tuple[int, ...]:
    own = recipe(**changes)
    return tuple(model_work(own, 3, macs_of(own)))


FORWARD = macs_of(recipe())


def test_a_full_training_is_two_epochs_forward_and_twice_as_much_back() -> None:
    # Val: after each of 2 epochs, then as it is and flipped two ways. Test: once.
    back = 2 * (2 * FORWARD - FIRST)
    assert work_of() == (0, 2 * FORWARD, back, 5 * FORWARD, FORWARD)


def test_a_frozen_network_goes_forward_only() -> None:
    """It was told three times as much: 12.4 hours for 3.2."""
    assert work_of(trainable=["^fc"]) == (
        0,
        2 * FORWARD,
        2 * HEAD_MACS,
        5 * FORWARD,
        FORWARD,
    )


def test_phases_count_at_their_own_size() -> None:
    phase = {"from_epoch": 0, "augment": "none", "lr_factor": 1.0, "image_size": 64}
    later = {"from_epoch": 1, "augment": "none", "lr_factor": 1.0}
    small, large = FORWARD, macs_of(recipe(), 64)
    once, train, back, val, test = work_of(phases=[phase, later])
    assert train == small + large and large > 3 * small
    assert (
        back == 2 * train - FIRST - 4 * FIRST
    )  # at twice the side four times the places
    assert (once, val, test) == (
        0,
        5 * small,
        small,
    )  # scored at the model's own size


def test_views_count_for_val_and_test_and_mirrored_views_once() -> None:
    # A mirrored image has the same two views as the image; one upside down has two more.
    *_, val, test = work_of(tta=["identity", "flip_lr"])
    assert (val, test) == ((2 + 4) * FORWARD, 2 * FORWARD)


def test_snapshots_are_predictions_more() -> None:
    changes = {
        "schedule": "restarts",
        "cycle_epochs": 2,
        "epochs": 4,
        "warmup_epochs": 0,
    }
    *_, val, test = work_of(**changes)
    assert (val, test) == ((4 + 3 + 1) * FORWARD, (1 + 1) * FORWARD)


def test_a_start_from_a_probe_is_a_pass_and_its_head() -> None:
    _, train, back, *_ = work_of(head_start="probe")
    assert train == 3 * FORWARD + 60 * HEAD_MACS
    assert (
        back == 2 * (2 * FORWARD - FIRST) + 60 * HEAD_MACS
    )  # features need no gradient


def test_a_mean_over_epochs_looks_at_all_images_once_more_for_its_batch_norms() -> (
    None
):
    assert work_of(average_epochs=1)[1] == 3 * FORWARD
    assert (
        work_of(average_epochs=1, trainable=["^fc"])[1] == 2 * FORWARD
    )  # frozen statistics


def test_checkpointing_is_a_second_way_forward() -> None:
    plain, again = work_of(), work_of(grad_checkpointing=True)
    assert again[2:] == plain[2:]
    assert (
        1.5 * plain[1] < again[1] < 2 * plain[1]
    )  # all but the stem, and what nobody needs


def test_adapters_leave_the_backbone_without_gradients_of_weights() -> None:
    lora = {
        "rank": 2,
        "alpha": 2.0,
        "dropout": 0.0,
        "targets": r"layer4\.\d\.conv\d",
    }
    _, train, back, *_ = work_of(lora=lora)
    # In layer4 activations go back, weights do not; the rest is not passed at all.
    assert 2 * FORWARD < train < 2.2 * FORWARD
    assert back < 0.5 * train


def test_a_probe_is_its_views_once_and_two_heads_a_fold() -> None:
    """The second head trains on the plain fold, for the sake of comparison."""
    head = 512 * 8 + 8 * 3  # PROBE's hidden layer of 8, three classes, three epochs
    work = probe_work(HEAD, 3, 512, FORWARD)
    assert work.once == FORWARD
    assert work.train == 2 * 3 * head
    assert work.back == 2 * 3 * (512 * 8 + 2 * 8 * 3)
    assert (work.val, work.test) == (2 * 4 * head, 2 * head)


def test_views_and_seeds_of_a_probe_multiply() -> None:
    embed = HEAD.embed.model_copy(update={"views": ["identity", "flip_lr"]})
    many = HEAD.model_copy(
        update={
            "embed": embed,
            "head": HEAD.head.model_copy(update={"num_seeds": 5}),
        }
    )
    one, ten = probe_work(HEAD, 3, 512, FORWARD), probe_work(many, 3, 512, FORWARD)
    assert ten.once == 2 * one.once
    assert ten[1:] == pytest.approx([10 * each for each in one[1:]])


def test_a_network_is_made_on_the_meta_device_alone() -> None:
    assert {part.device for part in on_meta(recipe(), 3).parameters()} == {
        torch.device("meta")
    }
