"""The blocked search for alike vectors: every pair, each once, whatever the block."""

import numpy as np
import pytest

from croquis.core.symmetries import NAMES, turn
from croquis.dedup.measures import search
from croquis.dedup.measures.search import (
    cell_order,
    find_candidates,
    find_candidates_in_classes,
    judge_candidates,
    narrow,
    pair_table,
    skip_decided,
)
from croquis.dedup.measures.search_timings import Tally


def unit_vectors(count: int, side: int, depth: int) -> np.ndarray:
    vectors = (
        np.random.default_rng(0).normal(size=(count, side * side * depth)) + 0.5
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(
        np.float32
    )


def looped(vectors: np.ndarray, side: int, depth: int, at_least: float) -> set:
    grid = vectors.reshape(-1, side, side, depth)
    return {
        (name, a, b)
        for name in NAMES
        for a in range(len(grid))
        for b in range(a + 1, len(grid))
        if np.sum(
            grid[a] * turn(grid[b].transpose(2, 0, 1), name).transpose(1, 2, 0)
        )
        >= at_least
    }


def as_set(candidates: search.Candidates) -> set:
    return {
        (name, i, j) for name, a, b in candidates for i, j in zip(a, b, strict=True)
    }


@pytest.mark.parametrize("block", [1, 3, 100])
def test_candidates_are_those_of_a_plain_loop(block: int, monkeypatch) -> None:
    monkeypatch.setattr(search, "BLOCK", block)
    vectors, at_least = unit_vectors(7, side=4, depth=2), 0.25
    candidates = as_set(
        find_candidates(
            vectors, side=4, names=NAMES, at_least=at_least + search.MARGIN
        )
    )
    assert candidates == looped(vectors, 4, 2, at_least)
    assert 0 < len(candidates) < 8 * 21


@pytest.mark.parametrize("block", [1, 3, 100])
def test_candidates_with_one_of_the_first_rows_are_some_of_all(
    block: int, monkeypatch
) -> None:
    monkeypatch.setattr(search, "BLOCK", block)
    options = {"side": 4, "names": NAMES, "at_least": 0.25}
    vectors = unit_vectors(7, side=4, depth=2)
    every = as_set(find_candidates(vectors, **options))
    few = {(name, a, b) for name, a, b in every if a < 4}
    assert as_set(find_candidates(vectors, firsts=4, **options)) == few != every


def test_inside_classes_compares_no_two_classes() -> None:
    vectors, labels = unit_vectors(6, side=2, depth=1), np.array([0, 1, 0, 1, 1, 2])
    candidates = as_set(
        find_candidates_in_classes(
            vectors, labels, side=2, names=["identity"], at_least=-1, desc="x"
        )
    )
    assert candidates == {
        ("identity", a, b) for a, b in [(0, 2), (1, 3), (1, 4), (3, 4)]
    }


def test_cells_of_several_numbers_stay_together() -> None:
    # flip_lr of the cells [[0, 1], [2, 3]] is [[1, 0], [3, 2]]
    order = cell_order("flip_lr", side=2, depth=2)
    np.testing.assert_array_equal(order, [2, 3, 0, 1, 6, 7, 4, 5])


def test_judging_keeps_the_best_symmetry_and_the_first_of_equals() -> None:
    a, b = np.array([0]), np.array([1])
    scores = {"identity": 0.96, "rot90": 0.98, "rot180": 0.98, "flip_lr": 0.90}
    pairs = judge_candidates(
        ((name, a, b) for name in ("rot180", "flip_lr", "rot90", "identity")),
        lambda name, a, b: np.array([scores[name]]),
        at_least=0.95,
        decided=pair_table(),
        tally=Tally(),
        step="x",
    )
    assert pairs.to_dict("records") == [
        {"a": 0, "b": 1, "score": 0.98, "symmetry": 1}
    ]


def test_decided_pairs_are_not_judged_again() -> None:
    seen: list[tuple[int, int]] = []
    tally = Tally()

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        seen.extend(zip(a.tolist(), b.tolist(), strict=True))
        return np.ones(len(a))

    candidates = iter([("identity", np.array([0, 0, 1]), np.array([1, 2, 2]))])
    pairs = judge_candidates(
        candidates,
        judge,
        at_least=0.5,
        decided=pair_table([0], [2]),
        tally=tally,
        step="here",
    )
    assert seen == [(0, 1), (1, 2)]
    assert tally.candidates == {"here bound": 3}
    assert pairs[["a", "b"]].to_numpy().tolist() == [[0, 1], [1, 2]]


def test_nothing_alike_is_an_empty_table() -> None:
    options = {
        "at_least": 0.5,
        "decided": pair_table(),
        "tally": Tally(),
        "step": "x",
    }
    none = judge_candidates(iter([]), lambda name, a, b: a, **options)
    assert list(none.columns) == ["a", "b", "score", "symmetry"] and none.empty


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_a_second_bound_narrows_the_candidates_of_the_first(
    chunk: int, monkeypatch
) -> None:
    monkeypatch.setattr(search, "CHUNK", chunk)
    vectors = unit_vectors(7, side=4, depth=2)
    options = {"side": 4, "names": NAMES}
    few = as_set(find_candidates(vectors, at_least=0.25, **options))
    every = find_candidates(vectors, at_least=-1, **options)
    assert as_set(narrow(every, vectors, side=4, at_least=0.25)) == few


def test_a_second_bound_leaves_room_for_rounding() -> None:
    vectors = np.full(
        (2, 4), 0.5, np.float32
    )  # a cosine of one, and a threshold just above
    pair = [("identity", np.array([0]), np.array([1]))]
    for above, left in ((search.MARGIN / 2, 1), (search.MARGIN * 2, 0)):
        ((_, near, _),) = narrow(iter(pair), vectors, side=2, at_least=1 + above)
        assert len(near) == left


@pytest.mark.parametrize("tile", [1, 3, 100])
def test_tiles_and_chunks_change_no_pair(tile: int, monkeypatch) -> None:
    monkeypatch.setattr(search, "TILE", tile)
    monkeypatch.setattr(search, "CHUNK", 2)
    rng = np.random.default_rng(0)
    scores = {
        (name, a, b): rng.random()
        for name in NAMES
        for a in range(5)
        for b in range(5)
    }

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.array(
            [
                scores[name, i, j]
                for i, j in zip(a.tolist(), b.tolist(), strict=True)
            ]
        )

    a, b = np.triu_indices(5, 1)
    options = {
        "at_least": 0.8,
        "decided": pair_table(),
        "tally": Tally(),
        "step": "x",
    }
    pairs = judge_candidates(((name, a, b) for name in NAMES), judge, **options)
    best = {
        (i, j): max(scores[name, i, j] for name in NAMES)
        for i, j in zip(a, b, strict=True)
    }
    expected = [(i, j, score) for (i, j), score in best.items() if score >= 0.8]
    assert pairs[["a", "b", "score"]].to_numpy().tolist() == [
        list(map(float, e)) for e in expected
    ]


def test_decided_pairs_meet_no_bound() -> None:
    candidates = iter([("identity", np.array([0, 0, 1]), np.array([1, 2, 2]))])
    left = skip_decided(candidates, pair_table([0, 1], [2, 2]))
    assert as_set(left) == {("identity", 0, 1)}


def test_pairs_are_judged_by_tiles_and_in_them_by_the_second_image(
    monkeypatch,
) -> None:
    monkeypatch.setattr(search, "TILE", 2)
    seen: list[tuple[int, int]] = []

    def judge(name: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        seen.extend(zip(a.tolist(), b.tolist(), strict=True))
        return np.ones(len(a))

    candidates = iter([("identity", np.array([0, 2, 1]), np.array([5, 3, 4]))])
    options = {
        "at_least": 0.5,
        "decided": pair_table(),
        "tally": Tally(),
        "step": "x",
    }
    judge_candidates(candidates, judge, **options)
    assert seen == [(1, 4), (0, 5), (2, 3)]
