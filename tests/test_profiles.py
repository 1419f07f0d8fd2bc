"""What networks are: sizes and prices by hand."""

import pytest
from leftovers import recipe

from croquis.explain.profiles import profiles
from croquis.training import probe_recipes


def test_a_networks_price_is_timms_own() -> None:
    """resnet18 at 224 px has 1.81 GMAC and 11.7 M parameters with 1,000 classes."""
    model = recipe(image_size=224, epochs=5)
    (row,) = profiles({"tiny": model}, {}, num_classes=1000).to_dict("records")
    assert row["parameters"] == 11_689_512
    assert row["macs"] / 1e9 == pytest.approx(1.814, abs=0.002)
    assert row["passes"] == 15 and row["kind"] == "model"
    assert row["licence"] == "none: random weights"


def test_a_probe_goes_forward_once_a_view_and_has_no_head() -> None:
    probe = probe_recipes.recipe("lite012_probe")
    (row,) = profiles({}, {"three": probe}, num_classes=3).to_dict("records")
    assert row["passes"] == 4 and row["kind"] == "probe"
    assert row["backbone"].count(" + ") == 2 and row["licence"] == "apache-2.0"


def test_weights_of_a_file_have_its_licence() -> None:
    model = recipe(pretrained="weights/mine.safetensors")
    table = profiles({"tiny": model}, {}, num_classes=3)
    assert table["licence"].tolist() == ["that of weights/mine.safetensors"]
