"""Files of weights are tried by the stage check: what does not fit costs no training."""

from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from croquis.core import params
from croquis.check.weight_files import weight_file_lines
from croquis.core.errors import InputError

TINY = "test_efficientnet.r160_in1k"


@pytest.fixture
def tree() -> dict[str, Any]:
    """params.yaml with one model of a tiny network, which names a file of weights."""
    tree = params.read(params.PARAMS)
    tree["models"]["tiny"] = {
        "backbone": TINY,
        "pretrained": "w.pth",
        "image_size": 32,
        "lr_mult": 1.0,
    }
    tree["run"] |= {"models": ["tiny"], "probes": [], "folds": [0, 1]}
    return tree


@pytest.fixture
def held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, torch.Tensor]:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return timm.create_model(TINY, pretrained=False, num_classes=5).state_dict()


def test_what_is_chosen_and_left_out_is_said_once(
    tree: dict[str, Any], held: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    torch.save({"state_dict": {}, "model_ema": held}, tmp_path / "w.pth")
    assert weight_file_lines(tree) == [
        "w.pth: read from model_ema",
        "w.pth: its head of 5 outputs is left out",
    ]


def test_weights_of_another_network_are_refused_by_the_models_key(
    tree: dict[str, Any], held: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    torch.save({"conv_stem.weight": held["conv_stem.weight"]}, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"^models\.tiny\.pretrained: w\.pth: .* received 1 of its"
    ):
        weight_file_lines(tree)


def test_a_run_without_files_of_weights_has_no_line(tree: dict[str, Any]) -> None:
    tree["models"]["tiny"]["pretrained"] = True
    assert weight_file_lines(tree) == []
    tree["models"]["tiny"]["pretrained"] = "bundled"
    assert weight_file_lines(tree) == []


def test_a_stack_has_a_file_for_each_of_its_networks(
    tree: dict[str, Any], held: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    """The weights of a whole stack of two alike would fit each of them twice."""
    torch.save(held, tmp_path / "w.pth")
    tree["models"]["tiny"] |= {
        "backbone": [TINY, TINY],
        "pretrained": ["w.pth", True],
    }
    assert len(weight_file_lines(tree)) == 1
    stack = {
        f"branches.{at}.{name}": held[name] + at for at in (0, 1) for name in held
    }
    torch.save(stack, tmp_path / "w.pth")
    with pytest.raises(
        InputError, match=r"two that differ: .*branches\.0\..*branches\.1"
    ):
        weight_file_lines(tree)
