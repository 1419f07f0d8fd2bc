"""A head that starts from a probe of the frozen network."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from croquis.heads.probe_training import Head
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.lp_ft import absorb_statistics, start_from_probe
from croquis.networks.networks import build_model
from croquis.networks.predict import predict_logits
from croquis.recipes.head_params import HeadShape
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware
from croquis.tables.fold_tables import read_folds, read_index
from croquis.tables.samples import FoldData

CPU = Hardware(torch.device("cpu"), None, False, 0)
SHAPES = [
    HeadShape(hidden=hidden, act="gelu", norm="batch", dropout=0.1)
    for hidden in ([], [8], [8, 6])
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: str(shape.hidden))
def test_the_standardisation_moves_into_the_first_layer(shape: HeadShape) -> None:
    features = torch.randn(20, 5) * torch.tensor([0.1, 1, 10, 100, 5]) + 3
    head = Head(features, 3, shape)
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    plain = absorb_statistics(head).eval()
    torch.testing.assert_close(
        plain(features), head.eval()(features), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize(
    "backbone", ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]
)
@pytest.mark.parametrize("hidden", [[], [16]])
def test_the_head_knows_its_training_part_and_the_backbone_is_as_before(
    drawn: Path,
    recipe: Callable[..., ModelParams],
    backbone: str,
    hidden: list[int],
) -> None:
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    images = ImageDataset(
        Pixels.open(drawn / "index.csv", drawn / "pixels.npy"),
        data.train,
        image_size=32,
    )
    shape = HeadShape(hidden=hidden, act="relu", norm="none", dropout=0.0)
    torch.manual_seed(0)
    model = build_model(
        recipe(backbone=backbone, head=shape.model_dump()), data.classes.tolist()
    )
    before = {name: held.clone() for name, held in model.state_dict().items()}
    start_from_probe(
        model, images, data.train.targets, shape=shape, hardware=CPU, batch_size=4
    )
    logits = predict_logits(model, images, hardware=CPU, batch_size=4)
    assert (logits.argmax(axis=1) == data.train.labels).all()
    head = model.pretrained_cfg["classifier"]
    for name, held in model.state_dict().items():
        assert name.startswith(head) or torch.equal(held, before[name]), name


def test_a_feature_that_hardly_fires_gets_no_huge_weight(
    drawn: Path, recipe: Callable[..., ModelParams]
) -> None:
    """Divided by its tiny deviation it made the first losses of LP-FT twice those of chance."""
    data = FoldData.of(
        0, read_folds(drawn / "folds.csv"), read_index(drawn / "index.csv")
    )
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    images = ImageDataset(pixels, data.train, image_size=32)
    torch.manual_seed(0)
    model = build_model(recipe(), data.classes.tolist())
    with torch.no_grad():
        model.bn2.weight[::2] = (
            1e-4  # half of the features hardly differ from their mean
        )
    shape = HeadShape(hidden=[], act="relu", norm="none", dropout=0.0)
    start_from_probe(
        model, images, data.train.targets, shape=shape, hardware=CPU, batch_size=4
    )
    faint, strong = (
        model.classifier.weight[:, ::2],
        model.classifier.weight[:, 1::2],
    )
    assert faint.abs().mean() < 3 * strong.abs().mean()
