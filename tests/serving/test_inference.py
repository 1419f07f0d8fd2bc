"""The trained ensemble as one object says what the batch said."""

import doctest
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from croquis.core.errors import InputError
from croquis.serving.inference import Ensemble
from croquis.serving.sheets import png
from croquis.tables import predictions
from support.served import CPU, leave_run, sheets_of_test, trained

LORA = {
    "rank": 2,
    "alpha": 2.0,
    "dropout": 0.0,
    "targets": r"blocks\.\d+\.attn\.(qkv|proj)",
}
SHAPE = {"hidden": [4], "act": "relu", "norm": "batch", "dropout": 0.5}
KINDS = {
    "hidden": {"image_size": 16, "head": SHAPE, "epochs": 1},
    "averaged": {"ema_decay": 0.5, "epochs": 1},
    "adapted": {"backbone": "test_vit.r160_in1k", "lora": LORA, "epochs": 1},
    "partly": {
        "backbone": "test_vit.r160_in1k",
        "trainable": ["attn", "^head"],
        "epochs": 1,
    },
    "views": {"tta": ["identity", "rot90", "flip_ud"], "epochs": 1},
    "pair": {
        "backbone": ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"],
        "epochs": 1,
    },
}
VIEWS = {"head": ["identity"], "turned": ["rot90", "identity", "flip_lr"]}


def files(folder: Path) -> list[bytes]:
    """The test images as PNG files."""
    return [png(Image.fromarray(sheet)) for sheet in sheets_of_test(folder)]


@pytest.fixture
def ensemble(drawn: Path) -> Ensemble:
    return Ensemble(leave_run(drawn), CPU)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_model_answers_as_in_the_batch(kind: str, drawn: Path) -> None:
    made = leave_run(drawn, {kind: KINDS[kind]}, views={})
    batch = predictions.load_predictions(drawn / "ensemble" / "test.npz")
    answer = Ensemble(made, CPU).answer(files(drawn))
    np.testing.assert_allclose(answer.probs, batch.probs, atol=1e-5)


@pytest.mark.parametrize(
    ("fold_vote", "vote"), [("soft", "soft"), ("soft", "hard")]
)
def test_members_of_all_kinds_vote_as_in_the_batch(
    drawn: Path, fold_vote: str, vote: str
) -> None:
    few = {"hidden": KINDS["hidden"], "pair": KINDS["pair"]}
    weights = {"hidden": 2.0, "pair": 1.0, "head": 1.0, "turned": 0.5}
    made = leave_run(
        drawn, few, VIEWS, fold_vote=fold_vote, vote=vote, weights=weights
    )
    batch = predictions.load_predictions(drawn / "ensemble" / "test.npz")
    answer = Ensemble(made, CPU).answer(files(drawn))
    np.testing.assert_allclose(answer.probs, batch.probs, atol=1e-5)
    assert sorted(answer.members) == ["head", "hidden", "pair", "turned"]


def test_an_export_answers_as_its_run(drawn: Path, tmp_path: Path) -> None:
    made = leave_run(drawn, views=VIEWS)
    made.export(tmp_path / "export")
    (drawn / "backbone.safetensors").unlink()  # the export has a copy
    exported = Ensemble(type(made).exported(tmp_path / "export"), CPU)
    batch = predictions.load_predictions(drawn / "ensemble" / "test.npz")
    np.testing.assert_allclose(
        exported.answer(files(drawn)).probs, batch.probs, atol=1e-5
    )


def test_the_example_of_ensemble_runs(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the weights of one class's head raised, every image is a pole."""
    made = leave_run(drawn, views={})
    for fold in (0, 1):
        path = drawn / "checkpoints" / "small" / f"fold{fold}.safetensors"
        weights = safetensors.torch.load_file(path)
        bias = next(
            name for name in reversed(weights) if weights[name].shape == (3,)
        )
        weights[bias] = torch.tensor([0.0, 99.0, 0.0])
        safetensors.torch.save_file(weights, path)
    made.export(drawn / "export")
    (drawn / "image.png").write_bytes(files(drawn)[0])
    monkeypatch.chdir(drawn)
    names = {"Ensemble": Ensemble, "Trained": type(made), "Path": Path}
    (example,) = doctest.DocTestFinder(recurse=False).find(Ensemble, globs=names)
    assert doctest.DocTestRunner().run(example) == (0, 3)


def test_probes_share_one_backbone(drawn: Path) -> None:
    ensemble = Ensemble(leave_run(drawn, views=VIEWS), CPU)
    assert list(ensemble._backbones) == ["head"]


def test_an_image_is_answered_alone_as_in_company(
    ensemble: Ensemble, drawn: Path
) -> None:
    images = files(drawn)
    together = ensemble.answer(images).probs
    alone = np.concatenate([ensemble.answer([image]).probs for image in images])
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_members_alone_are_calibrated_means_of_their_folds(drawn: Path) -> None:
    """With one member and no temperature of the vote, it is the ensemble."""
    ensemble = Ensemble(leave_run(drawn, views={}, temperature=1.0), CPU)
    answer = ensemble.answer(files(drawn))
    np.testing.assert_allclose(answer.members["small"], answer.probs, atol=1e-6)


def test_a_member_without_weight_is_not_loaded(drawn: Path) -> None:
    leave_run(drawn, weights={"small": 0.0, "head": 1.0})
    (drawn / "checkpoints" / "small" / "fold0.safetensors").unlink()
    assert list(Ensemble(trained(drawn), CPU).answer(files(drawn)).members) == [
        "head"
    ]


def test_no_images_give_no_rows(ensemble: Ensemble) -> None:
    answer = ensemble.answer([])
    assert answer.probs.shape == (0, 3) and answer.members["head"].shape == (0, 3)


def test_a_bad_image_is_called_by_its_place(
    ensemble: Ensemble, drawn: Path
) -> None:
    with pytest.raises(
        InputError, match="image 2: expected an image, received not an image"
    ):
        ensemble.answer([files(drawn)[0], b"text"])


def test_threads_get_the_answers_of_their_own_images(
    ensemble: Ensemble, drawn: Path
) -> None:
    images, answers = files(drawn), {}
    alone = [ensemble.answer([image]).probs for image in images]

    def ask(number: int) -> None:
        answers[number] = ensemble.answer([images[number % 3]]).probs

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(12):
        np.testing.assert_array_equal(answers[number], alone[number % 3])
