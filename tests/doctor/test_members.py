"""Models against memory, and weights that are at hand or not."""

from pathlib import Path

import pytest

from croquis.doctor.members import memory_findings, parameters, weights_findings

GB = 2**30


def test_parameters_are_counted_without_building_anything(recipe) -> None:
    trained, frozen = parameters(recipe(), 117)
    fewer, rest = parameters(recipe(trainable=["classifier"]), 117)
    # The head has 256 inputs, a weight and a bias for each of 117 classes.
    assert fewer == 256 * 117 + 117 and fewer + rest == trained and frozen == 0


def test_the_head_is_that_of_the_data(recipe) -> None:
    """ImageNet's thousand classes were counted: 4.7 M parameters where the report has 3.5."""
    lite = recipe(backbone="tf_efficientnet_lite0.in1k", image_size=64)
    for classes, said in (
        (117, "3.5 M parameters with a head for 117 classes; "),
        (
            None,
            "3.4 M parameters with a head for 1 class, until `prepare` has counted them; ",
        ),
    ):
        (finding,) = memory_findings({"lite": lite}, GB, "the GPU", classes)
        assert finding.says.startswith(said)


def test_a_giant_is_counted_in_a_blink(recipe) -> None:
    trained, _ = parameters(
        recipe(backbone="eva_giant_patch14_336.clip_ft_in1k", image_size=336), 1000
    )
    assert 1.0e9 < trained < 1.03e9


@pytest.mark.parametrize(
    ("share", "state"), [(0.91, "problem"), (0.6, "warning"), (0.4, "ok")]
)
def test_a_model_is_judged_by_its_share_of_the_memory(
    recipe, share: float, state: str
) -> None:
    trained, _ = parameters(recipe(), 117)
    memory = int(16 * trained / share)
    (finding,) = memory_findings({"tiny": recipe()}, memory, "the GPU", 117)
    assert (finding.topic, finding.state) == ("model tiny", state)
    assert ("lora" in finding.fix) == (state != "ok")


def test_an_average_of_the_weights_and_frozen_ones_count_four_bytes(recipe) -> None:
    trained, frozen = parameters(recipe(trainable=["classifier"]), 117)
    changed = recipe(trainable=["classifier"], ema_decay=0.9)
    needed = 20 * trained + 4 * frozen
    (tight,) = memory_findings({"a": changed}, int(needed / 0.89), "the GPU", 117)
    (over,) = memory_findings({"a": changed}, int(needed / 0.91), "the GPU", 117)
    assert (tight.state, over.state) == ("warning", "problem")


def test_a_network_that_cannot_be_built_is_a_problem(recipe) -> None:
    (finding,) = memory_findings(
        {"a": recipe(trainable=["nowhere"])}, GB, "the GPU", 117
    )
    assert finding.state == "problem" and "nowhere" in finding.says


def test_a_network_that_does_not_take_its_size_is_a_problem(recipe) -> None:
    """`make doctor` ended in a traceback."""
    coatnet = recipe(
        backbone="coatnet_rmlp_2_rw_384.sw_in12k_ft_in1k", image_size=380
    )
    (finding,) = memory_findings({"a": coatnet}, GB, "the GPU", 117)
    assert finding.state == "problem" and finding.says.startswith(
        "models.a.image_size: expected"
    )


def test_weights_of_a_package_of_a_file_and_of_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "own.pth").write_bytes(b"x" * 3_000_000)
    name = "tf_efficientnet_lite0.in1k"
    settings = {"a": "bundled", "b": False, "c": "own.pth", "d": "lost.pth"}
    findings = weights_findings(
        {key: (name, setting) for key, setting in settings.items()}
    )
    assert [each.state for each in findings] == ["ok", "ok", "ok", "problem"]
    assert findings[2].says == "own.pth, 3 MB"
    assert findings[3].says == f"nothing is at {tmp_path / 'lost.pth'}"


@pytest.mark.parametrize(("offline", "state"), [("1", "problem"), ("", "warning")])
def test_weights_of_the_hub_that_are_not_here(
    offline: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    (finding,) = weights_findings({"a": ("resnet18.a1_in1k", True)})
    assert finding.state == state and "resnet18.a1_in1k" in finding.says


def test_weights_of_the_hub_that_are_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "huggingface_hub.try_to_load_from_cache", lambda *_: "/a/file"
    )
    findings = weights_findings(
        {"a": (["resnet18.a1_in1k", "resnet34.a1_in1k"], True)}
    )
    assert [each.state for each in findings] == ["ok", "ok"]
