"""What only a GPU can show: its number formats, compiled kernels and a memory that ends.

CUDA_VISIBLE_DEVICES=0 pytest -m gpu
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.networks.predict import predict_logits
from croquis.recipes.recipes import ModelParams
from croquis.runtime.hardware import Hardware, hardware
from croquis.runtime.interrupts import Interrupts
from croquis.tables.samples import Samples
from croquis.train.checkpoints import Checkpoints
from croquis.train.engine import Trainer
from support.trainings import begun, trained

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
GPU = torch.device("cuda")
BF16, FP16 = (
    Hardware(GPU, torch.bfloat16, False, 0),
    Hardware(GPU, torch.float16, True, 0),
)


@pytest.fixture(autouse=True)
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels that repeat themselves to the bit."""
    monkeypatch.setenv("CROQUIS_DETERMINISTIC", "1")
    monkeypatch.setenv("CROQUIS_DEVICE", "cuda")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.backends.cudnn.benchmark
    assert hardware().deterministic
    yield
    torch.backends.cudnn.benchmark = before
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("machine", [BF16, FP16], ids=["bf16", "fp16"])
def test_narrow_numbers_train_as_float32_does(
    dataset: ImageDataset, recipe: Callable[..., ModelParams], machine: Hardware
) -> None:
    settings, plain = recipe(batch_size=6, epochs=4), dataset.plain()
    _, wide = trained(settings, plain)
    trainer, narrow = trained(settings, plain, hardware=machine)
    # The scale of fp16 may begin too high: its first updates are skipped then, and count for none.
    first = next(epoch.train_loss for epoch in narrow if epoch.train_loss)
    assert first == pytest.approx(wide[0].train_loss, rel=0.02)
    assert all(
        held.isfinite().all() for held in trainer.model.state_dict().values()
    )
    assert next(trainer.model.parameters()).dtype == torch.float32


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("machine", [BF16, FP16], ids=["bf16", "fp16"])
def test_a_training_that_was_stopped_ends_with_the_same_bits(
    dataset: ImageDataset,
    recipe: Callable[..., ModelParams],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    machine: Hardware,
    compiled: bool,
) -> None:
    """Weights, batch norms, moments, scale and average: all of them come back."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    settings = recipe(epochs=8, clip_grad=0.5, ema_decay=0.9, drop_rate=0.2)

    def run(name: str, interrupts: Interrupts | None = None) -> Trainer:
        options = {"hardware": replace(machine, compiled=compiled)}
        trainer = begun(
            settings, dataset, kept=Checkpoints("train/a-0", name), **options
        )
        for epoch in trainer.epochs(interrupts):
            trainer.record({"train_loss": epoch.train_loss})
            if interrupts is not None and epoch.number == 4:
                interrupts(
                    15, None
                )  # ends after the first update of the next epoch
        return trainer

    straight = run("straight")
    with pytest.raises(SystemExit, match="143"):
        run("stopped", Interrupts())
    assert Checkpoints("train/a-0", "stopped").load()["step"] == 11
    resumed = run("stopped")
    assert resumed.history == straight.history
    for mine, other in (
        (resumed.model, straight.model),
        (resumed.averaged, straight.averaged),
    ):
        tensors = other.state_dict()
        for name, held in mine.state_dict().items():
            assert torch.equal(held, tensors[name]), name


def test_memory_that_ends_halves_the_micro_batch_and_goes_on(
    drawn: Path, recipe: Callable[..., ModelParams]
) -> None:
    """The limit is between what six images of 1,024 px take and what three of them do."""
    large = np.load(drawn / "pixels.npy").repeat(32, axis=1).repeat(32, axis=2)
    np.save(drawn / "pixels.npy", large)
    pixels = Pixels.open(drawn / "index.csv", drawn / "pixels.npy")
    samples = Samples(
        pixels.ids.to_numpy(dtype=str)[:6], np.arange(6) % 3, np.ones(6, np.float32)
    )
    images = ImageDataset(pixels, samples, image_size=1024)
    settings, machine = (
        recipe(batch_size=6, epochs=2),
        Hardware(GPU, None, False, 0),
    )

    def peak(size: int) -> int:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        trained(
            settings.model_copy(update={"micro_batch": size}),
            images,
            hardware=machine,
        )
        return torch.cuda.max_memory_reserved()

    peak(1)  # what libraries take once
    three, six = peak(3), peak(6)
    torch.cuda.empty_cache()
    whole = torch.cuda.get_device_properties(GPU).total_memory
    try:
        torch.cuda.set_per_process_memory_fraction((three + six) / 2 / whole)
        with pytest.warns(UserWarning, match="out of memory: now 3 images at once"):
            trainer, epochs = trained(settings, images, hardware=machine)
        options = {"hardware": machine, "batch_size": 2 * trainer.micro_batch}
        logits = predict_logits(trainer.averaged, images, **options)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert trainer.micro_batch <= 3 and len(epochs) == 2
    assert trainer.model.bn1.num_batches_tracked == 2 * 6 // trainer.micro_batch
    assert logits.shape == (6, 3) and np.isfinite(logits).all()
