"""Features that outlive a killed `embed`, and serve a second probe."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from croquis.backbones import stacked
from croquis.embed import cached_features
from croquis.embed.cached_features import (
    CachedFeatures,
    embed_fingerprint,
    resume_embedding,
)
from croquis.embed.embeddings import embed_batches
from croquis.images.batches import ImageDataset
from croquis.images.pixels import Pixels
from croquis.recipes.probe_recipes import EmbedParams, ProbeDefaults
from croquis.runtime.hardware import Hardware
from croquis.tables.features import Features
from croquis.tables.samples import Samples
from support.leftovers import stage

CPU = Hardware(torch.device("cpu"), None, False, 0)
TINY = "test_efficientnet.r160_in1k"
EMBED = {
    "backbone": TINY,
    "pretrained": False,
    "image_size": 32,
    "views": ["identity", "rot90"],
}


class Backbone:
    """Embeds the 15 images of `drawn` in batches of 4; counts them, and ends as it is told."""

    def __init__(self, folder: Path) -> None:
        self.pixels = Pixels.open(folder / "index.csv", folder / "pixels.npy")
        self.ids = self.pixels.ids.to_numpy(dtype=str)
        self.seen = 0

    def run(
        self, harm: BaseException | int | None = None, at: int = 8
    ) -> np.ndarray:
        """The features; once `at` images were seen, `harm` is raised, or sent as a signal."""
        images = ImageDataset(
            self.pixels, Samples.unlabelled(self.ids), image_size=32
        )

        def compute(start: int) -> Iterator[np.ndarray]:
            model = stacked.build_frozen(TINY, pretrained=False, image_size=32)
            views = EMBED["views"]
            batches = embed_batches(
                model, images, views=views, hardware=CPU, batch_size=4, start=start
            )
            for batch in batches:
                self.seen += batch.shape[1]
                if self.seen >= at and isinstance(harm, BaseException):
                    raise harm
                if self.seen >= at and harm is not None:
                    os.kill(os.getpid(), harm)
                yield batch

        kept = CachedFeatures("print", self.ids)
        return resume_embedding(kept, len(self.ids), compute)[0]


@pytest.fixture
def backbone(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Backbone:
    monkeypatch.chdir(drawn)
    monkeypatch.setattr(cached_features, "_SECONDS", 0.0)  # after each batch
    return Backbone(drawn)


@pytest.fixture
def straight(
    drawn: Path, tmp_path_factory, monkeypatch: pytest.MonkeyPatch
) -> np.ndarray:
    """The features, computed at once, elsewhere."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path_factory.mktemp("elsewhere")))
    found = Backbone(drawn).run()
    monkeypatch.delenv("DVC_ROOT")
    return found


def test_a_killed_embed_goes_on_and_ends_with_the_same_bits(
    straight: np.ndarray, backbone: Backbone
) -> None:
    """It lost everything: an hour of a large backbone."""
    with pytest.raises(KeyboardInterrupt):
        backbone.run(KeyboardInterrupt())  # in the second batch
    np.testing.assert_array_equal(backbone.run(), straight)
    assert backbone.seen == 8 + 11  # the first batch is not computed again
    np.testing.assert_array_equal(backbone.run(), straight)
    assert backbone.seen == 19  # nor is anything the third time


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)]
)
def test_a_signal_keeps_what_is_computed_and_ends_the_process(
    straight: np.ndarray, backbone: Backbone, monkeypatch, number: int, status: int
) -> None:
    monkeypatch.setattr(cached_features, "_SECONDS", 1e9)
    with pytest.raises(SystemExit) as ended:
        backbone.run(number)
    assert ended.value.code == status and backbone.seen == 8
    np.testing.assert_array_equal(backbone.run(), straight)
    assert backbone.seen == 15


@pytest.mark.parametrize("harm", ["a flipped bit", "cut short", "empty"])
def test_a_broken_file_is_computed_again(
    straight: np.ndarray, backbone: Backbone, drawn: Path, harm: str
) -> None:
    backbone.run()
    paths = sorted((drawn / ".resume/embed/print").glob("*.npz"))
    assert [path.stem for path in paths] == [
        f"{start:09d}" for start in (0, 4, 8, 12)
    ]
    content = bytearray(paths[2].read_bytes())
    content[len(content) // 2] ^= 1
    short = {"cut short": content[:-9], "empty": b""}
    paths[2].write_bytes(short.get(harm, content))
    with pytest.warns(
        UserWarning, match="not complete: its images are embedded again"
    ):
        np.testing.assert_array_equal(backbone.run(), straight)
    assert backbone.seen == 15 + 7


def test_a_full_disk_costs_a_warning(
    straight: np.ndarray, backbone: Backbone, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cached_features, "save", full)
    with pytest.warns(UserWarning, match="No space left"):
        np.testing.assert_array_equal(backbone.run(), straight)


def test_the_newest_three_are_kept(backbone: Backbone, drawn: Path) -> None:
    folder = drawn / ".resume/embed"
    for age, name in enumerate(["new", "old", "older", "oldest"], start=1):
        (folder / name).mkdir(parents=True)
        os.utime(folder / name, (1e9 - age, 1e9 - age))
    backbone.run()
    assert {path.name for path in folder.iterdir()} == {"print", "new", "old"}


def test_whatever_changes_features_changes_the_fingerprint(drawn: Path) -> None:
    data = (drawn / "index.csv", drawn / "pixels.npy")
    recipe = EmbedParams(**EMBED)
    first = embed_fingerprint(recipe, CPU, *data)
    assert first == embed_fingerprint(recipe, CPU, *data)
    half = Hardware(torch.device("cpu"), torch.bfloat16, False, 0)
    (drawn / "weights").write_bytes(b"1")
    by_file = EmbedParams(**EMBED | {"pretrained": str(drawn / "weights")})
    found = {first, embed_fingerprint(recipe, half, *data)}
    found |= {
        embed_fingerprint(EmbedParams(**EMBED | {"views": ["rot90"]}), CPU, *data)
    }
    found |= {embed_fingerprint(by_file, CPU, *data)}
    (drawn / "weights").write_bytes(b"2")
    found |= {embed_fingerprint(by_file, CPU, *data)}
    # Other pixels of the same images, as another prepare.fit would leave them.
    np.save(drawn / "pixels.npy", 255 - np.load(drawn / "pixels.npy"))
    assert len(found | {embed_fingerprint(recipe, CPU, *data)}) == 6


def test_a_second_probe_of_the_same_features_runs_no_backbone(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Five probes of EVA-02 took five passes of 22 minutes."""
    probes = {"one": {"embed": EMBED}, "two": {"embed": EMBED}}
    with (drawn / "params.yaml").open("w") as file:
        defaults = ProbeDefaults().model_dump()
        YAML(typ="safe").dump({"probe": defaults, "probes": probes}, file)
    embed, built = stage("embed"), []
    monkeypatch.chdir(drawn)
    monkeypatch.setattr(
        stacked, "build_frozen", lambda *a, **b: built.append(1) or real(*a, **b)
    )
    files = {"index": Path("index.csv"), "pixels": Path("pixels.npy")}
    for probe in probes:
        embed.main(probe, features=Path(f"{probe}.npz"), **files)
    assert len(built) == 1
    assert Path("one.npz").read_bytes() == Path("two.npz").read_bytes()
    assert Features(Path("two.npz")).of(np.array(["test/0.png"])).shape[:2] == (
        2,
        1,
    )
    one, two = capsys.readouterr().out.splitlines()
    assert one.startswith("embed: 15 images x 2 views") and "earlier" not in one
    assert two.endswith("; 15 taken from an earlier embed")


real = stacked.build_frozen
