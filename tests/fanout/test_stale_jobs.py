"""Which stages are jobs, what they need, and how long they are thought to take."""

import pytest

from croquis.fanout.jobs import Job
from croquis.fanout.planning.stale_jobs import (
    estimate_seconds,
    jobs_of,
    rule_of_thumb,
)
from croquis.staleness.stale import Stale

TREE = {
    "train": {"epochs": 10, "image_size": 224},
    "families": {"vit_large": {"image_size": 336}},
    "models": {
        "small": {"backbone": "resnet50"},
        "large": {
            "backbone": "vit_large_patch14",
            "like": "vit_large",
            "epochs": 5,
        },
        "giant": {"backbone": "eva_giant", "image_size": 448},
    },
}


def stale(name: str, cached: bool | None = False) -> Stale:
    return Stale(name, (), follows=False, cached=cached)


def test_jobs_are_what_trains_and_is_in_no_cache() -> None:
    stages = [
        stale("split"),
        stale("train@small-0"),
        stale("train@small-1", cached=True),
        stale("embed@p"),
        stale("probe@p-0", cached=None),
        stale("vote"),
    ]
    assert jobs_of(stages, TREE, {"train@small-1": 30.0}) == [
        Job("train@small-0", seconds=30.0),
        Job("embed@p"),
        Job("probe@p-0", frozenset({"embed@p"}), gpus=0.25),
    ]


def test_a_probe_whose_features_are_there_needs_nothing() -> None:
    (job,) = jobs_of([stale("probe@p-1")], TREE, {})
    assert job.needs == frozenset()


def test_the_rule_of_thumb_by_hand() -> None:
    assert rule_of_thumb("train@small-0", TREE) == 10
    assert rule_of_thumb("train@large-0", TREE) == pytest.approx(1.5**2 * 5 * 3.3)
    assert rule_of_thumb("train@giant-3", TREE) == pytest.approx(4 * 10 * 10.0)
    assert rule_of_thumb("train@other-0", TREE) == 0
    assert rule_of_thumb("embed@small", TREE) == 0


def test_a_member_that_never_ran_is_guessed_from_those_that_did() -> None:
    seconds = estimate_seconds(
        ["train@small-1", "train@giant-0"], TREE, {"train@small-0": 20.0}
    )
    assert seconds == {"train@small-1": 20.0, "train@giant-0": pytest.approx(800.0)}


def test_nothing_is_guessed_where_nothing_ran() -> None:
    assert estimate_seconds(["train@small-1"], TREE, {}) == {}
