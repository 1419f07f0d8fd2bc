"""A head on frozen features learns what is separable, from its training part alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from croquis.core.errors import InputError
from croquis.heads.losses import LOSSES
from croquis.heads.probe_training import (
    Head,
    _batches,
    head_epochs,
    log_probs,
    train_probe,
)
from croquis.heads.training_records import write_weights
from croquis.networks import restore
from croquis.recipes.head_params import HeadShape
from croquis.recipes.probe_recipes import HeadRecipe
from croquis.scoring.metrics import scores
from croquis.tables.features import Features, save
from croquis.tables.samples import FoldData, Samples

NAMES = np.array([f"{number:03d}" for number in range(90)])
LABELS = np.arange(90) % 3
LINEAR = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)
MLP = HeadShape(hidden=[8], act="prelu", norm="batch", dropout=0.2)
HEAD = HeadRecipe(
    epochs=20,
    batch_size=16,
    weight_decay=0.01,
    label_smoothing=0.0,
    lr_mult=1.0,
    shape=LINEAR,
    lr=0.05,
)
SLOW = HEAD.model_copy(update={"lr": 0.01})
DATA = FoldData(
    train=Samples(NAMES[:60], LABELS[:60], np.ones(60)),
    val=Samples(NAMES[60:80], LABELS[60:80], np.ones(20)),
    test=Samples.unlabelled(NAMES[80:]),
    classes=np.array(["a", "b", "c"]),
)


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., Features]:
    """Features (V, 90, 4): the class one-hot, a dead feature, and some noise."""

    def stored(views: int = 1, noise: float = 0.1, **changed: float) -> Features:
        clean = np.hstack([np.eye(3)[LABELS] * 5 + 100, np.zeros((90, 1))])
        rng = np.random.default_rng(0)
        features = np.stack(
            [clean + noise * rng.normal(size=(90, 4)) for _ in range(views)]
        )
        features[:, :, 3] = 0
        for name, value in changed.items():
            features[:, int(name.removeprefix("row"))] = value
        save(tmp_path / "f.npz", NAMES, features.astype(np.float32))
        return Features(tmp_path / "f.npz")

    return stored


def test_separable_features_are_learned(stored: Callable[..., Features]) -> None:
    outcome = train_probe(DATA, stored(), HEAD, seed=0)
    assert outcome.epochs[-1]["val_accuracy"] == 1.0
    assert outcome.test.probs.argmax(axis=1).tolist() == LABELS[80:].tolist()
    assert outcome.val.ids.tolist() == NAMES[60:80].tolist()


@pytest.mark.parametrize(
    "batch_size", [16, 59, 64], ids=["even", "a lone last one", "one batch"]
)
def test_hidden_layers_learn_too_and_predict_without_dropout(
    stored: Callable[..., Features], batch_size: int
) -> None:
    recipe = HEAD.model_copy(
        update={"shape": MLP, "batch_size": batch_size, "epochs": 40}
    )
    outcome = train_probe(DATA, stored(2), recipe, seed=0)
    assert outcome.epochs[-1]["val_accuracy"] == 1.0
    assert outcome.weights["layers.0.weight"].shape == (8, 4)
    truth = scores(DATA.val.labels, outcome.val.probs)["log_loss"]
    assert outcome.epochs[-1]["val_loss"] == pytest.approx(truth, abs=1e-6)


def test_a_lone_last_sample_joins_the_batch_before() -> None:
    """Batch normalisation refuses a batch of one."""
    sizes = [len(batch) for batch in _batches(9, 4)]
    assert sizes == [4, 5] and sorted(torch.cat(_batches(9, 4)).tolist()) == list(
        range(9)
    )
    assert [len(batch) for batch in _batches(3, 1)] == [1, 1, 1]


def test_a_linear_head_starts_from_zero_and_an_mlp_does_not() -> None:
    features = torch.rand(5, 4)
    assert not Head(features, 3).layers.weight.any()
    assert Head(features, 3, MLP).layers[-1].weight.any()


def test_features_are_standardised_by_hand() -> None:
    head = Head(torch.tensor([[1.0, 7.0], [3.0, 7.0]]), num_classes=2)
    assert head.mean.tolist() == [2, 7]
    # The deviation of 1 and 3 is sqrt(2); a dead feature gets .001 instead of 0.
    torch.testing.assert_close(head.std, torch.tensor([2**0.5, 1e-3]))


def test_only_the_training_part_decides_the_statistics(
    stored: Callable[..., Features],
) -> None:
    plain = train_probe(DATA, stored(), HEAD, seed=0)
    wild = train_probe(DATA, stored(row60=1e6, row85=-1e6), HEAD, seed=0)
    for name, tensor in plain.weights.items():
        assert torch.equal(tensor, wild.weights[name]), name
    moved = train_probe(DATA, stored(row5=1e3), HEAD, seed=0)
    assert not torch.equal(plain.weights["mean"], moved.weights["mean"])


def test_the_same_seed_gives_the_same_bits_whatever_ran_before(
    stored: Callable[..., Features],
) -> None:
    """The first bias came from whatever state the generator was in."""
    features = stored(noise=3.0)
    one = train_probe(DATA, features, SLOW, seed=0)
    torch.rand(11)
    two = train_probe(DATA, features, SLOW, seed=0)
    assert one.epochs == two.epochs
    np.testing.assert_array_equal(one.val.probs, two.val.probs)
    assert train_probe(DATA, features, SLOW, seed=1).epochs != one.epochs


def test_probs_are_averaged_over_views() -> None:
    head = torch.nn.Identity()
    features = np.log(
        np.array([[[1.0, 3.0]], [[3.0, 1.0]], [[1.0, 1.0]]])
    )  # (3, 1, 2)
    np.testing.assert_allclose(
        np.exp(log_probs(head, features)), [[0.5, 0.5]], rtol=1e-6
    )
    np.testing.assert_allclose(
        np.exp(log_probs(head, features[:1])), [[0.25, 0.75]], rtol=1e-6
    )


@pytest.mark.parametrize("views", [1, 3])
def test_the_last_row_of_the_curves_is_the_score_of_the_predictions(
    stored: Callable[..., Features], views: int
) -> None:
    """Curves averaged the views' logits, predictions their probabilities."""
    outcome = train_probe(DATA, stored(views, noise=4.0), SLOW, seed=0)
    truth, last = scores(DATA.val.labels, outcome.val.probs), outcome.epochs[-1]
    assert last["val_loss"] == pytest.approx(truth["log_loss"], rel=1e-5)
    assert last["val_accuracy"] == truth["accuracy"]


def test_a_probe_whose_views_hold_the_flipped_ones_cannot_tell_them_apart(
    stored: Callable[..., Features],
) -> None:
    """Nor is a flipped image known to a probe that never embedded it."""
    one, two = (
        train_probe(DATA, stored(2), HEAD, seed=0, views=views)
        for views in (["identity", "flip_lr"], ["identity", "rot90"])
    )
    assert list(one.more) == ["val_flip_lr"] and not two.more
    np.testing.assert_array_equal(one.more["val_flip_lr"].probs, one.val.probs)
    four = ["identity", "flip_lr", "flip_ud", "rot180"]
    assert len(train_probe(DATA, stored(4), HEAD, seed=0, views=four).more) == 2


def test_the_learning_rate_follows_a_cosine_and_is_logged(
    stored: Callable[..., Features],
) -> None:
    seen = []
    recipe = HEAD.model_copy(update={"epochs": 2, "lr": 0.1})
    outcome = train_probe(
        DATA,
        stored(),
        recipe,
        seed=0,
        log=lambda row, epoch: seen.append((epoch, row)),
    )
    assert [row["lr"] for row in outcome.epochs] == pytest.approx([0.1, 0.05])
    assert [epoch for epoch, _ in seen] == [0, 1] and seen[1][1]["train_loss"] > 0


def test_a_plain_head_trains_as_torchs_own_adamw_cosine_and_cross_entropy_would() -> (
    None
):
    """What probes were before their recipe could say anything else."""
    features, labels = torch.rand(40, 6), torch.arange(40) % 3
    recipe = HEAD.model_copy(
        update={"epochs": 5, "label_smoothing": 0.1, "lr": 0.1}
    )
    torch.manual_seed(3)
    head = Head(features, 3)
    ours = list(head_epochs(head, features, labels, recipe))
    torch.manual_seed(3)
    own = Head(features, 3)
    optimizer = torch.optim.AdamW(own.parameters(), lr=0.1, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
    for row in ours:
        assert row["lr"] == pytest.approx(schedule.get_last_lr()[0])
        for rows in _batches(40, 16):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(
                own(features[rows]), labels[rows], label_smoothing=0.1
            ).backward()
            optimizer.step()
        schedule.step()
    for name, weights in own.state_dict().items():
        torch.testing.assert_close(
            head.state_dict()[name], weights, atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        (
            {"schedule": "step", "cycle_epochs": 2, "cycle_factor": 0.1},
            [1, 1, 0.1, 0.1, 0.01],
        ),
        ({"schedule": "constant", "warmup_epochs": 2}, [0.01, 0.505, 1, 1, 1]),
        ({"schedule": "restarts", "cycle_epochs": 2}, [1, 0.5, 1, 0.5, 1]),
        (
            {"schedule": "cyclic", "cycle_epochs": 4, "min_lr": 0.2},
            [0.2, 0.6, 1, 0.6, 0.2],
        ),
    ],
    ids=lambda given: str(given.get("schedule")) if isinstance(given, dict) else "",
)
def test_a_head_follows_its_schedule(changes: dict, rates: list[float]) -> None:
    """Every head had a cosine, whatever the winners had; shares of the peak, epoch by epoch."""
    recipe = HEAD.model_copy(update={"epochs": 5, "lr": 0.2} | changes)
    features = torch.rand(20, 4)
    rows = head_epochs(Head(features, 3), features, torch.arange(20) % 3, recipe)
    assert [row["lr"] / 0.2 for row in rows] == pytest.approx(rates)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "radam", "lookahead_adam"])
def test_a_head_trains_with_any_optimizer_and_loss(
    stored: Callable[..., Features], optimizer: str
) -> None:
    last = {}
    for loss in LOSSES:
        changes = {"optimizer": optimizer, "loss": loss}
        changes |= {"lr": 0.5 if optimizer == "sgd" else 0.05}
        recipe = HEAD.model_copy(update=changes)
        outcome = train_probe(DATA, stored(), recipe, seed=0)
        last[loss] = outcome.epochs[-1]["train_loss"]
        assert outcome.epochs[-1]["val_accuracy"] == 1.0
    assert len(set(last.values())) == len(LOSSES) >= 3


@pytest.mark.parametrize("shape", [LINEAR, MLP], ids=["linear", "mlp"])
def test_heads_of_several_seeds_predict_by_the_mean_of_their_probabilities(
    stored: Callable[..., Features], tmp_path: Path, shape: HeadShape
) -> None:
    recipe = HEAD.model_copy(update={"num_seeds": 3, "epochs": 2, "shape": shape})
    features = stored(2, noise=4.0)
    outcome = train_probe(DATA, features, recipe, seed=0)
    again = train_probe(DATA, features, recipe, seed=0)
    np.testing.assert_array_equal(outcome.val.probs, again.val.probs)
    write_weights(tmp_path / "h.safetensors", outcome.weights)
    served = restore.restore_head(shape, 3, tmp_path / "h.safetensors")
    given = features.of(DATA.test.ids)
    alone = np.stack([np.exp(log_probs(head, given)) for head in served.heads])
    assert len(alone) == 3 and np.ptp(alone, axis=0).max() > 0.01
    np.testing.assert_allclose(outcome.test.probs, alone.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(
        np.exp(log_probs(served, given)), outcome.test.probs, atol=1e-6
    )
    truth = scores(DATA.val.labels, outcome.val.probs)
    assert outcome.epochs[-1]["val_loss"] == pytest.approx(
        truth["log_loss"], rel=1e-5
    )


def test_an_unknown_optimizer_is_named(stored: Callable[..., Features]) -> None:
    recipe = HEAD.model_copy(update={"optimizer": "adamm"})
    with pytest.raises(
        InputError, match=r"head\.optimizer: .* received 'adamm'; did you mean"
    ):
        train_probe(DATA, stored(), recipe, seed=0)


def test_an_empty_test_set_and_an_empty_fold_are_fine(
    stored: Callable[..., Features],
) -> None:
    nothing = Samples.unlabelled(np.array([], dtype=str))
    outcome = train_probe(
        replace(DATA, val=nothing, test=nothing), stored(), HEAD, seed=0
    )
    assert outcome.val.probs.shape == outcome.test.probs.shape == (0, 3)
    assert np.isnan(outcome.epochs[-1]["val_loss"])
