"""A head that a probe has trained: the network starts where the probe ended."""

from pathlib import Path

import numpy as np
import pytest
import torch

from croquis.data.pixels import Pixels
from croquis.errors import InputError
from croquis.models.backbones import build, normalised, statistics
from croquis.models.heads import put_head
from croquis.training.batches import Pictures
from croquis.training.hardware import Hardware
from croquis.training.head_params import HeadShape
from croquis.training.head_start import start_from_probe
from croquis.training.samples import Samples

CPU = Hardware(torch.device("cpu"), None, False, 0)
LABELS = np.arange(12) % 3


@pytest.fixture
def pictures(drawn: Path) -> Pictures:
    """The twelve labelled drawings, three classes in turn."""
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    ids = pixels.ids.to_numpy(dtype=str)[:12]
    return Pictures(pixels, Samples.unlabelled(ids), image_size=32)


def network(name: str = "test_vit") -> torch.nn.Module:
    torch.manual_seed(0)
    return build(f"{name}.r160_in1k", pretrained=False, num_classes=3, image_size=32)


def logits(model: torch.nn.Module, pictures: Pictures) -> torch.Tensor:
    batch = pictures[0, np.arange(len(pictures))]
    with torch.inference_mode():
        return model.eval()(normalised(batch.images, statistics(model)))


@pytest.mark.parametrize("name", ["test_vit", "test_convnext", "test_efficientnet"])
def test_the_network_starts_with_what_its_features_tell(name: str, pictures: Pictures) -> None:
    model = network(name)
    body = {n: t.clone() for n, t in model.state_dict().items() if "head" not in n}
    body = {n: t for n, t in body.items() if "classifier" not in n}
    before = torch.nn.functional.cross_entropy(logits(model, pictures), torch.from_numpy(LABELS))
    start_from_probe(model, pictures, LABELS, seed=0, hardware=CPU)
    after = torch.nn.functional.cross_entropy(logits(model, pictures), torch.from_numpy(LABELS))
    assert after < 0.95 * before
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in body.items())


def test_the_same_seed_gives_the_same_head_whatever_ran_before(pictures: Pictures) -> None:
    found = []
    for _ in range(2):
        model = network()
        torch.rand(3)
        start_from_probe(model, pictures, LABELS, seed=4, hardware=CPU)
        found.append(model.head.weight)
    assert torch.equal(*found) and found[0].requires_grad


def test_shares_of_labels_teach_too(pictures: Pictures) -> None:
    shares = np.eye(3, dtype=np.float32)[LABELS]
    one, two = network(), network()
    start_from_probe(one, pictures, LABELS, seed=0, hardware=CPU)
    start_from_probe(two, pictures, shares, seed=0, hardware=CPU)
    torch.testing.assert_close(one.head.weight, two.head.weight, atol=1e-5, rtol=0)


def test_a_head_with_hidden_layers_is_refused(pictures: Pictures) -> None:
    model = network()
    put_head(model, HeadShape(hidden=[4], act="relu", norm="none", dropout=0.0))
    with pytest.raises(InputError, match=r"one linear head, received Sequential at head; say"):
        start_from_probe(model, pictures, LABELS, seed=0, hardware=CPU)
