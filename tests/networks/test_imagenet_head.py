"""Rows of the 1000-class head, where class names are wnids."""

import pytest
import timm
import torch
from timm.data import ImageNetInfo

from croquis.core.errors import InputError
from croquis.networks.imagenet_head import keep_rows

WNIDS = ImageNetInfo().label_names()


@pytest.mark.parametrize("name", ["test_vit", "test_convnext", "caformer_s18"])
def test_logits_are_those_of_the_whole_head(name: str) -> None:
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=1000).eval()
    images = torch.rand(2, 3, 160, 160)
    chosen = [7, 999, 0]
    whole = model(images)
    keep_rows(model, [WNIDS[row] for row in chosen])
    torch.testing.assert_close(model(images), whole[:, chosen])
    assert model.num_classes == 3 and all(
        part.requires_grad for part in model.parameters()
    )


def test_other_class_names_are_counted() -> None:
    model = timm.create_model("test_vit", num_classes=1000)
    received = r"received 2 of 3 others, 'cup' first; say head_start: probe"
    with pytest.raises(InputError, match=received):
        keep_rows(model, [WNIDS[0], "cup", "n00000000"])


def test_another_head_is_refused() -> None:
    model = timm.create_model("test_vit", num_classes=21841)
    with pytest.raises(
        InputError, match=r"1000 classes, received Linear of 21841 outputs at head"
    ):
        keep_rows(model, WNIDS[:3])
