"""A state between two steps holds all that the next one depends on."""

from collections.abc import Callable

import pytest
import torch

from croquis.recipes.recipes import ModelRecipe
from croquis.train.state import TrainingState
from support.trainings import CPU, network


def test_what_is_saved_comes_back(recipe: Callable[..., ModelRecipe]) -> None:
    """A float16 training that went on after seven overflows was granted eight more."""
    settings = recipe(ema_decay=0.5)
    state = TrainingState(network(settings), settings, CPU)
    state.count(2.0)
    state.count(None)
    state.updates.skipped = 7
    state.updates.gradients.micro_batch = 2
    state.history.append({"epoch": 0, "train_loss": 1.5})
    state.snapshots.append({"val": torch.ones(1)})
    other = TrainingState(network(settings, seed=1), settings, CPU)
    other.restore(state.save())
    assert (other.step, other.loss_sum, other.loss_count) == (2, 2.0, 1)
    assert other.updates.skipped == 7 and other.updates.gradients.micro_batch == 2
    assert other.history == state.history and len(other.snapshots) == 1
    pairs = (
        (other.model, state.model),
        (other.averages.model, state.averages.model),
    )
    for restored, saved in pairs:
        assert torch.equal(restored.conv_stem.weight, saved.conv_stem.weight)


def test_the_loss_of_an_epoch_is_the_mean_of_the_updates_that_were_made(
    recipe: Callable[..., ModelRecipe],
) -> None:
    settings = recipe()
    state = TrainingState(network(settings), settings, CPU)
    for loss in (1.0, None, 2.0):
        state.count(loss)
    assert state.end_epoch() == pytest.approx(1.5)
    assert state.step == 3 and state.end_epoch() == 0.0  # counted anew
