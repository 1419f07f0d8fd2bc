"""What networks are: sizes and prices by hand."""

import pandas as pd
import pytest

from croquis.explain import profiles as profiling
from croquis.explain.profiles import COUNTED, profiles
from croquis.recipes import probe_recipes
from support.leftovers import HEAD, recipe


def test_a_networks_price_is_timms_own() -> None:
    """resnet18 at 224 px has 1.81 GMAC and 11.7 M parameters with 1,000 classes."""
    model = recipe(image_size=224, epochs=5)
    (row,) = profiles({"tiny": model}, {}, num_classes=1000).to_dict("records")
    assert row["parameters"] == 11_689_512
    assert row["macs"] / 1e9 == pytest.approx(1.814, abs=0.002)
    assert row["train"] == 5 * row["macs"] and row["kind"] == "model"
    assert row["licence"] == "none: random weights" and row["failed"] == ""


def test_a_probe_goes_forward_once_a_view_and_has_no_head() -> None:
    probe = probe_recipes.probe_recipe("lite012_probe")
    (row,) = profiles({}, {"three": probe}, num_classes=3).to_dict("records")
    assert row["once"] == 4 * row["macs"] and row["kind"] == "probe"
    assert row["backbone"].count(" + ") == 2 and row["licence"] == "apache-2.0"


def test_the_price_of_a_member_with_adapters_is_that_of_the_network_it_becomes() -> (
    None
):
    lora = {
        "rank": 2,
        "alpha": 2.0,
        "dropout": 0.0,
        "targets": r"layer4\.\d\.conv\d",
    }
    table = profiles({"a": recipe(), "b": recipe(lora=lora)}, {}, num_classes=3)
    assert table["parameters"].nunique() == table["macs"].nunique() == 1
    assert table["back"].nunique() == 2


@pytest.mark.parametrize(
    ("step", "empty"),
    [
        ("on_meta", COUNTED),
        ("forward_macs", COUNTED[1:]),
        ("model_work", COUNTED[2:]),
    ],
)
def test_a_network_that_cannot_be_counted_costs_its_own_cells(
    step: str, empty: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`explain` ended after all trainings: AttributeError, ... 'next_functions'."""

    def broken(*_: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'next_functions'")

    monkeypatch.setattr(profiling, step, broken)
    table = profiles({"tiny": recipe()}, {"head": HEAD}, num_classes=3).set_index(
        "member"
    )
    tiny = table.loc["tiny"]
    assert tuple(name for name in COUNTED if pd.isna(tiny[name])) == empty
    assert tiny["failed"].startswith("AttributeError: 'NoneType' object")
    assert tiny["interpolation"] == "bicubic"  # what the report draws with
    if step == "model_work":
        assert table.loc["head"].notna().all() and table.loc["head", "failed"] == ""


def test_weights_of_a_file_have_its_licence() -> None:
    model = recipe(pretrained="weights/mine.safetensors")
    table = profiles({"tiny": model}, {}, num_classes=3)
    assert table["licence"].tolist() == ["that of weights/mine.safetensors"]
