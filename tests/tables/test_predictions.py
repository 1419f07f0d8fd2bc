"""Predictions keep ids and probabilities together, and refuse what is not that."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from croquis.core.errors import InputError
from croquis.tables import predictions
from croquis.tables.predictions import Predictions

CLASSES = ["cat", "dog"]


def some(
    ids: list[str], cat: list[float], classes: list[str] = CLASSES
) -> Predictions:
    """Predictions with these probabilities of the first class."""
    return Predictions(ids, np.stack([cat, 1 - np.array(cat)], axis=1), classes)


def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    saved = some(["a", "b"], [0.25, 1.0])
    saved.save(tmp_path / "fold0" / "val.npz")
    loaded = predictions.load_predictions(tmp_path / "fold0" / "val.npz")
    assert loaded.ids.tolist() == ["a", "b"] and loaded.classes.tolist() == CLASSES
    assert loaded.probs.dtype == np.float32
    np.testing.assert_array_equal(loaded.probs, [[0.25, 0.75], [1, 0]])


def test_an_empty_test_set_is_fine(tmp_path: Path) -> None:
    empty = Predictions([], np.empty((0, 2)), CLASSES)
    empty.save(tmp_path / "test.npz")
    assert len(predictions.load_predictions(tmp_path / "test.npz")) == 0
    assert len(empty.aligned(np.array([], dtype=str))) == 0


def test_doubled_ids_are_refused() -> None:
    with pytest.raises(
        InputError, match="expected each id once, received doubled ids, as a; re"
    ):
        some(["a", "b", "a"], [1, 1, 1])


@pytest.mark.parametrize(
    "row",
    [
        [2.0, -1.0],
        [3.1, 1.2],
        [np.nan, 1.0],
        [0.5, 0.498],
        [np.inf, 0.0],
        [0.0, 0.0],
    ],
)
def test_logits_and_nan_are_refused(row: list[float]) -> None:
    with pytest.raises(
        InputError, match=r"rows >= 0 that sum to 1.*softmax probabilities"
    ):
        Predictions(["a", "b"], [[0.5, 0.5], row], CLASSES)


def test_rows_that_sum_to_one_within_a_thousandth_are_accepted() -> None:
    assert len(Predictions(["a"], [[0.5, 0.4995]], CLASSES)) == 1


@pytest.mark.parametrize("kind", ["complex64", "bool", "str", "object"])
def test_what_are_no_numbers_are_refused(kind: str) -> None:
    ids = np.array(["a", "b"])
    probs = np.ones((2, 2)).astype(kind)
    error = predictions.shape_error("a.npz", ids, probs, np.array(CLASSES))
    assert "a.npz: expected probs, numbers of shape (2, 2), received " in str(error)


@pytest.mark.parametrize(
    "probs", [np.full((2, 3), 1 / 3), np.ones((1, 2)) / 2, np.ones(2)]
)
def test_shapes_that_disagree_are_refused(probs: np.ndarray) -> None:
    with pytest.raises(
        InputError, match=r"expected probs, numbers of shape \(2, 2\), rec"
    ):
        Predictions(["a", "b"], probs, CLASSES)


def test_a_float32_softmax_of_a_thousand_classes_is_accepted() -> None:
    logits = np.random.default_rng(0).normal(size=(4, 1000)).astype(np.float32)
    powers = np.exp(logits)
    Predictions(
        list("abcd"), powers / powers.sum(axis=1, keepdims=True), np.arange(1000)
    )


@given(st.permutations(["a", "b", "c", "d"]))
def test_rows_are_found_by_id_in_any_order(order: list[str]) -> None:
    cat = {"a": 0.0, "b": 0.25, "c": 0.5, "d": 1.0}
    aligned = some(list(cat), list(cat.values())).aligned(np.array(order))
    assert aligned.ids.tolist() == order
    assert aligned.probs[:, 0].tolist() == [cat[name] for name in order]


def test_missing_and_extra_ids_are_counted_and_named() -> None:
    held = some(["a", "b", "x"], [1, 1, 1])
    with pytest.raises(InputError) as caught:
        held.aligned(np.array(["a", "b", "c", "d"]), where="swin/fold3")
    assert str(caught.value) == (
        "swin/fold3: expected the 4 ids of folds.csv or test.csv, received 3 ids "
        "(missing 2: c, d; 1 too many); rerun that train stage"
    )
    with pytest.raises(InputError, match="none missing; 1 too many"):
        held.aligned(np.array(["a", "b"]))


def test_asking_for_an_id_twice_is_refused() -> None:
    with pytest.raises(InputError, match="doubled ids, as a"):
        some(["a", "b"], [1, 1]).aligned(np.array(["a", "a"]))


def test_joined_stacks_the_folds() -> None:
    both = predictions.join_predictions(
        [some(["a"], [0.5]), some(["b", "c"], [0.0, 1.0])]
    )
    assert both.ids.tolist() == ["a", "b", "c"]
    assert both.probs[:, 0].tolist() == [0.5, 0.0, 1.0]


def test_folds_that_share_an_image_do_not_join() -> None:
    with pytest.raises(InputError, match="doubled ids, as a"):
        predictions.join_predictions([some(["a"], [0.5]), some(["a"], [0.5])])


@pytest.mark.parametrize("other", [["dog", "cat"], ["cat", "cow"]])
def test_other_classes_never_mix(other: list[str]) -> None:
    with pytest.raises(
        InputError, match=r"2 classes of the first member.*rerun the members"
    ):
        predictions.join_predictions(
            [some(["a"], [0.5]), some(["b"], [0.5], other)]
        )


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 half of an npz", b"\x80\x04K\x01.", None]
)
def test_a_missing_or_broken_file_is_named(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "val.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        InputError,
        match=r"val\.npz: expected an \.npz with ids, .*; (run `dvc rep|`dvc checkout)",
    ):
        predictions.load_predictions(path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    some(["a", "b"], [0.5, 1.0]).save(tmp_path / "val.npz")
    whole = (tmp_path / "val.npz").read_bytes()
    (tmp_path / "val.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"val\.npz: expected an \.npz with ids"):
        predictions.load_predictions(tmp_path / "val.npz")


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", ids=["a"], probs=[[1.0]])
    with pytest.raises(
        InputError, match=r"a\.npz: expected an \.npz with ids, probs, classes"
    ):
        predictions.load_predictions(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", np.ones(3))
    with pytest.raises(
        InputError, match=r"b\.npy: expected an \.npz with ids, probs, classes"
    ):
        predictions.load_predictions(tmp_path / "b.npy")


def test_a_file_with_pickled_ids_is_never_unpickled(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        ids=np.array(["a"], object),
        probs=[[1.0]],
        classes=["x"],
    )
    with pytest.raises(InputError, match="Object arrays cannot be loaded"):
        predictions.load_predictions(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changes", "received"),
    [
        ({"ids": "a"}, r"shapes \(\) and \(2,\)"),
        ({"ids": [["a"]]}, r"shapes \(1, 1\) and"),
        ({"classes": [CLASSES]}, r"shapes \(1,\) and \(1, 2\)"),
        ({"probs": [["1", "0"]]}, "<U1 of shape"),
        ({"classes": ["cat", "cat"]}, "each class once, received 'cat' twice"),
    ],
)
def test_arrays_of_another_kind_are_no_traceback(
    tmp_path: Path, changes: dict, received: str
) -> None:
    sound = {"ids": ["a"], "probs": [[1.0, 0.0]], "classes": CLASSES}
    np.savez(tmp_path / "a.npz", **(sound | changes))
    with pytest.raises(InputError, match=rf"a\.npz: expected .*{received}"):
        predictions.load_predictions(tmp_path / "a.npz")


def test_a_file_of_logits_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", ids=["a"], probs=[[3.0, -2.0]], classes=CLASSES)
    with pytest.raises(
        InputError, match=r"a\.npz: expected rows >= 0 that sum to 1"
    ):
        predictions.load_predictions(tmp_path / "a.npz")
