"""Jobs share cards, and none is promised twice."""

import pytest

from croquis.fanout.cards import Card, make_cards, take
from croquis.fanout.gpus_here import visible_gpus


def rooms(cards: list[Card]) -> list[tuple[str | None, float]]:
    return [(card.name, card.room) for card in cards]


def test_one_job_a_gpu_unless_somebody_says_otherwise() -> None:
    gpus = ("0", "1", "2", "3")
    assert rooms(make_cards(gpus, None, 16)) == [(g, 1.0) for g in gpus]
    assert rooms(make_cards(gpus, 2, 16)) == [("0", 1.0), ("1", 1.0)]
    assert rooms(make_cards(gpus, 8, 16)) == [(g, 2.0) for g in gpus]


def test_without_a_gpu_cores_are_shared() -> None:
    assert rooms(make_cards((), 2, 8)) == [(None, 2.0)]
    assert rooms(make_cards((), None, 8)) == [(None, 8.0)]


def test_small_jobs_fill_one_card_before_the_next() -> None:
    cards = make_cards(("0", "1"), None, 4)
    names = [take(cards, f"probe{k}", 0.25) for k in range(5)]
    assert [card and card.name for card in names] == ["0"] * 4 + ["1"]
    assert take(cards, "train", 1.0) is None
    cards[0].users.clear()
    card = take(cards, "train", 1.0)
    assert card is cards[0] and card.free == 0


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("0,2", ("0", "2")),
        ("", ()),
        ("-1", ()),
        ("GPU-5,MIG-7", ("GPU-5", "MIG-7")),
        ("0,-1,2", ("0",)),
    ],
)
def test_cuda_visible_devices_says_which(
    value: str, names: tuple[str, ...]
) -> None:
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": value}) == names


def test_without_a_driver_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import pynvml

    def no_driver() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", no_driver)
    assert visible_gpus({}) == ()
    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", lambda: 2)
    assert visible_gpus({}) == ("0", "1")
