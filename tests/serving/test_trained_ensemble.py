"""What a trained ensemble knows of itself, in a run's folders and exported."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from ruamel.yaml import YAML

from croquis.core.errors import InputError
from croquis.serving.inference import Ensemble
from croquis.serving.trained_ensemble import Trained
from support.served import MODELS, leave_run, trained
from support.tiny import set_params


def test_settings_are_those_of_the_run(drawn: Path) -> None:
    settings = leave_run(drawn).settings
    assert settings.classes == ["bar", "pole", "spot"]
    assert (settings.image_size, settings.fit, settings.gray) == (32, "pad", True)
    assert (
        settings.models["small"].image_size == 16
        and settings.probes["head"].embed.image_size == 32
    )


def test_an_export_knows_the_same_but_where_weights_came_from(
    drawn: Path, tmp_path: Path
) -> None:
    made = leave_run(drawn, views={"head": ["identity"], "turned": ["rot90"]})
    made.export(tmp_path / "export")
    again = Trained.exported(tmp_path / "export")
    assert again.recipe == made.recipe
    assert str(drawn) not in (tmp_path / "export" / "settings.json").read_text()
    # Nor its learning rate, which nothing that is served asks for.
    assert again.settings.model_dump(
        exclude={"probes"}
    ) == made.settings.model_dump(exclude={"probes"})
    assert '"lr":' not in (tmp_path / "export" / "settings.json").read_text()
    paths = [path for path in (tmp_path / "export").rglob("*") if path.is_file()]
    files = {path.relative_to(tmp_path / "export").as_posix() for path in paths}
    members = [
        f"checkpoints/{m}/fold{k}.safetensors"
        for m in made.recipe.members
        for k in (0, 1)
    ]
    assert files == {
        "settings.json",
        "recipe.json",
        "backbones/head.safetensors",
        *members,
    }


def test_backbones_of_other_weights_or_sizes_are_not_shared(drawn: Path) -> None:
    leave_run(drawn, views={"a": ["identity"], "b": ["rot90"], "c": ["identity"]})
    set_params(drawn / "params.yaml", {"probes.c.embed.image_size": 16})
    assert trained(drawn).settings.backbones == {"a": "a", "b": "a", "c": "c"}


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("params.yaml", "params.yaml: expected a finished run"),
        ("ensemble/recipe.json", "recipe.json: expected a finished run"),
        (
            "checkpoints/small/fold1.safetensors",
            "fold1.safetensors: expected the weights of small without fold 1, received no such file"
            "; try `dvc checkout`, else run `make repro`",
        ),
    ],
)
def test_a_missing_part_is_named(lost: str, message: str, drawn: Path) -> None:
    leave_run(drawn)
    (drawn / lost).unlink()
    with pytest.raises(InputError, match=message):
        Ensemble(trained(drawn))


def test_weights_of_another_network_are_refused(drawn: Path) -> None:
    leave_run(drawn)
    set_params(drawn / "params.yaml", {"models.small.head.hidden": [5]})
    message = "fold0.safetensors: expected the weights that params.yaml describes, received size"
    with pytest.raises(InputError, match=message):
        Ensemble(trained(drawn))


@pytest.mark.parametrize("content", [b"text", None])
def test_a_broken_checkpoint_is_refused(content: bytes | None, drawn: Path) -> None:
    leave_run(drawn)
    path = drawn / "checkpoints" / "head" / "fold0.safetensors"
    if content is None:
        safetensors.torch.save_file({"other": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"head/fold0\.safetensors: expected"):
        Ensemble(trained(drawn))


def test_snapshots_have_no_weights_to_serve(drawn: Path) -> None:
    """The error of a file that no run can make said: run `make repro`."""
    leave_run(drawn, MODELS, views={})
    recipe = drawn / "ensemble" / "recipe.json"
    recipe.write_text(recipe.read_text().replace("small", "small.cycle1"))
    with pytest.raises(
        InputError, match=r"small\.cycle1, a snapshot.*ensemble\.members"
    ):
        trained(drawn)


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"settings\.json: expected an exported ensemble"
    ):
        Trained.exported(tmp_path)


def test_a_run_without_probes_needs_no_block_for_them(drawn: Path) -> None:
    leave_run(drawn, views={})
    tree = YAML(typ="safe").load((drawn / "params.yaml").read_text())
    tree["probes"] = None
    (drawn / "params.yaml").write_text(json.dumps(tree))  # JSON is YAML
    assert trained(drawn).settings.probes == {}
