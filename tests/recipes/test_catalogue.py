"""Every entry of the catalogue builds as it is written, on the meta device: without weights."""

import difflib
import functools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config

from croquis.core import params
from croquis.backbones import backbones, stacked
from croquis.costs.work import model_work
from croquis.heads.heads import head_names
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.macs import forward_macs
from croquis.networks.networks import build_model
from croquis.networks.networks import on_meta as on_meta_with_head
from croquis.recipes import probe_recipes, recipes
from croquis.report.sections.cost import BACKWARD, FORWARD, V100
from croquis.set_params.translation import apply_overrides, translate
from croquis.tables.samples import Samples

TEXT = Path("params.yaml").read_text(encoding="utf-8")
TREE = params.read(Path("params.yaml"))
MODELS = {key: recipes.resolve_model(TREE, key) for key in TREE["models"]}
PROBES = {key: probe_recipes.resolve_probe(TREE, key) for key in TREE["probes"]}
COMMENTED = re.findall(r"^  # (.+; .+; .+)\n  (\w+):$", TEXT, re.MULTILINE)
COMMENTS = {key: comment for comment, key in COMMENTED}
EVERY = MODELS | {key: probe.embed for key, probe in PROBES.items()}
CLASSES = [str(number) for number in range(500)]


def names_of(key: str) -> list[str]:
    backbone = EVERY[key].backbone
    return [backbone] if isinstance(backbone, str) else backbone


KNOWN = set(timm.list_pretrained())
BACKBONES = sorted({name for key in EVERY for name in names_of(key)})


@functools.cache
def on_meta(backbone: str) -> torch.nn.Module:
    with torch.device("meta"):
        size = timm.get_pretrained_cfg(backbone).input_size[-1]
        return backbones.build_backbone(
            backbone, pretrained=False, num_classes=0, image_size=size
        ).eval()


def output_of(model: torch.nn.Module, image_size: int) -> tuple[int, ...]:
    with torch.device("meta"), torch.inference_mode():
        return tuple(model.eval()(torch.empty(1, 3, image_size, image_size)).shape)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_name_exists_with_this_tag(backbone: str) -> None:
    assert backbone in KNOWN


@pytest.mark.parametrize("key", MODELS)
def test_a_model_builds_with_its_settings_and_gives_a_logit_a_class(
    key: str,
) -> None:
    recipe = MODELS[key].model_copy(update={"pretrained": False})
    with torch.device("meta"):
        model = build_model(recipe, CLASSES)
    assert output_of(model, recipe.image_size) == (1, 500)
    assert model.num_classes == 500
    for name in head_names(model):
        assert model.get_submodule(name).out_features == 500
    assert any(part.requires_grad for part in model.parameters())


@pytest.mark.parametrize("key", PROBES)
def test_a_probe_gets_as_many_features_as_its_backbones_have(key: str) -> None:
    recipe = PROBES[key].embed
    with torch.device("meta"):
        model = stacked.build_network(
            recipe.backbone,
            pretrained=False,
            num_classes=0,
            image_size=recipe.image_size,
        )
    features = sum(on_meta(name).num_features for name in names_of(key))
    assert output_of(model, recipe.image_size) == (1, features)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_statistics_are_those_of_timms_own_config(backbone: str) -> None:
    """The winners of the challenge fed EVA, which knows CLIP's statistics, with ImageNet's."""
    config, own = (
        timm.get_pretrained_cfg(backbone),
        backbones.statistics(on_meta(backbone)),
    )
    assert own.mean == config.mean and own.std == config.std
    assert (
        resolve_model_data_config(on_meta(backbone))["input_size"]
        == config.input_size
    )


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_stored_image_reaches_the_network_as_timms_own_transform_would_give_it(
    backbone: str,
) -> None:
    """Size, filter and statistics at once; timm's crop alone is left out, as it would cut ink.

    All images were averaged over areas, whatever filter a network was trained with.
    """
    config = resolve_model_data_config(on_meta(backbone))
    size = config["input_size"][-1]
    image = np.full((size + 64, size + 64), 255, np.uint8)
    image[40:-40:9] = image[:, 50:-50:23] = (
        0  # thin strokes, which tell filters apart
    )
    pixels = Pixels(pd.Index(["a"]), image[None])
    source = ImageDataset(
        pixels,
        Samples.unlabelled(np.array(["a"])),
        image_size=size,
        interpolation=backbones.interpolation(backbone),
    )
    found = backbones.normalise(
        source[0, np.array([0])].images, backbones.statistics(on_meta(backbone))
    )
    theirs = create_transform(**config | {"crop_pct": 1.0, "crop_mode": "squash"})
    expected = theirs(Image.fromarray(image).convert("RGB"))
    torch.testing.assert_close(found[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_features_are_as_many_as_timm_states(backbone: str) -> None:
    model, size = (
        on_meta(backbone),
        timm.get_pretrained_cfg(backbone).input_size[-1],
    )
    assert output_of(model, size) == (1, model.num_features)


def test_winners_statistics_by_hand() -> None:
    clip = (
        (0.48145466, 0.4578275, 0.40821073),
        (0.26862954, 0.26130258, 0.27577711),
    )
    for key in ("eva_giant", "eva02_large", "convnext_xxlarge"):
        own = backbones.statistics(on_meta(MODELS[key].backbone))
        assert (own.mean, own.std) == clip
    for key in ("so400m", "vit_large_clip", "beit_base", "coatnet"):
        own = backbones.statistics(on_meta(MODELS[key].backbone))
        assert (own.mean, own.std) == ((0.5,) * 3, (0.5,) * 3)


@pytest.mark.parametrize(
    "key", [key for key in EVERY if EVERY[key].pretrained is True]
)
def test_the_comment_of_an_entry_states_cost_and_licence(key: str) -> None:
    cost, _, licence = COMMENTS[key].split("; ")
    assert licence.split(" and ") == list(
        dict.fromkeys(
            timm.get_pretrained_cfg(name).license for name in names_of(key)
        )
    )
    millions = sum(
        sum(p.numel() for p in on_meta(name).parameters()) for name in names_of(key)
    )
    assert int(re.match(r"(\d+) M, ", cost)[1]) == pytest.approx(
        millions / 1e6, abs=5
    )  # with a head


def test_a_comment_claims_no_score_of_another_recipe() -> None:
    """`eva02_large_mlp` was headed by the score of a curriculum, which it has not.

    `raw` is of the weights as downloaded, whatever is trained from them.
    """
    for key, comment in COMMENTS.items():
        said = re.sub(r"raw \d\d\.\d|cv-\d\d", "", comment.split("; ")[1])
        assert not re.search(r"\d*\.\d|\d\d\.|val|score", said), key


@pytest.mark.parametrize(
    "key", ["deit3_large_attention", "convnext_xxlarge", "resnet18"]
)
def test_minutes_are_those_of_the_entry_itself(key: str) -> None:
    """A part that trains, checkpointing, and all of it: three passes stood for each of them."""
    recipe = MODELS[key]
    whole = on_meta_with_head(
        recipe.model_copy(update={"grad_checkpointing": False}), 500
    )
    work = model_work(recipe, 500, forward_macs(whole, recipe.image_size))
    forward, back = work.train / recipe.epochs, work.back / recipe.epochs
    minutes = 2 * 12_000 * (forward / FORWARD + back / BACKWARD) / V100 / 60
    told = float(re.search(r"([\d.]+) min", COMMENTS[key])[1])
    assert told == pytest.approx(minutes, rel=0.04)


@pytest.mark.parametrize(
    "key", [key for key in EVERY if EVERY[key].pretrained is True]
)
def test_sizes_are_the_networks_own(key: str) -> None:
    sizes = [timm.get_pretrained_cfg(name).input_size[-1] for name in names_of(key)]
    assert EVERY[key].image_size in sizes


@pytest.mark.parametrize(
    ("override", "gone", "new"),
    [
        ("lr=5e-4", ["lr: 1.0e-3"], ["lr: 0.0005"]),
        ("run.models=[lite0_80]", ["  - lite0_64"], []),
        ("run.probes=[]", ["  probes:", "  - lite0_probe"], ["  probes: []"]),
        ("models.lite0_64.epochs=5", ["    epochs: 3"], ["    epochs: 5"]),
        ("models.so400m.lr_mult=0.5", [], ["    lr_mult: 0.5"]),
        ("models.swin_large.epochs=5", [], ["    epochs: 5"]),
        (
            "probes.eva02_large_linear.head.epochs=5",
            [],
            ["    head:", "      epochs: 5"],
        ),
    ],
)
def test_an_experiment_changes_the_line_of_its_key_alone(
    override: str, gone: list[str], new: list[str], tmp_path: Path
) -> None:
    """`dvc exp run -S` wrote 500 lines in another way, and lost a comment on the way."""
    path = tmp_path / "params.yaml"
    path.write_text(TEXT, encoding="utf-8")
    apply_overrides(path, [translate(override, TREE)[0]])
    after = path.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.ndiff(TEXT.splitlines(), after))
    assert [line[2:] for line in changed if line.startswith("- ")] == gone
    assert [line[2:] for line in changed if line.startswith("+ ")] == new


def test_the_documents_tables_say_what_params_say() -> None:
    text = Path("docs/models.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
    ]
    told = {row[0]: row for row in rows if len(row) == 7 and row[0] in EVERY}
    assert set(told) == set(COMMENTS)
    for key, (_, size, millions, _, minutes, reported, licence) in told.items():
        assert size == str(EVERY[key].image_size)
        cost = re.match(r"(\d+) M, .* GMAC, ([\d.]+) min", COMMENTS[key])
        assert cost.groups() == (millions, minutes)
        assert COMMENTS[key].split("; ")[1:] == [reported, licence]
