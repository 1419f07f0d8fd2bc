"""groups.csv, duplicates.csv and metrics/dedup.json from pairs."""

import numpy as np
import pandas as pd
import pytest

from croquis.dedup.groups import grouped, listed, summary
from croquis.dedup.pairs import TIERS, Copies
from croquis.dedup.settings import DedupParams


def settings(**changes: object) -> DedupParams:
    default = {"ssim_min": 0.95, "cosine_min": 0.95, "symmetries": True, "policy": "group"}
    return DedupParams(**{**default, "conflicts": "keep", "min_per_class": 1, **changes})


def pictures(order: list[str] | None = None) -> pd.DataFrame:
    """Six pictures of the classes 0, 0, 0, 1, 1, 1, sorted by id, rows as in `order`."""
    order = order or list("abcdef")
    table = pd.DataFrame({"id": list("abcdef"), "label": [0, 0, 0, 1, 1, 1]})
    table["source_id"], table["width"], table["height"] = "", 10, 10
    table.index = [order.index(name) for name in table["id"]]
    return table


def pairs() -> pd.DataFrame:
    """a = b = c in class 0, and c like d of class 1."""
    table = pd.DataFrame({"a": [0, 1, 2], "b": [1, 2, 3], "score": [1.0, 0.9612345678, 0.97]})
    table["symmetry"] = [0, 1, 4]
    return table.assign(tier=pd.Categorical(["bytes", "ssim", "cosine"], categories=TIERS))


def test_a_group_of_n_copies_counts_once() -> None:
    table = grouped(pictures(), pairs(), settings()).set_index("id")
    assert table["group"].to_dict() == {"a": 0, "b": 0, "c": 0, "d": 0, "e": 1, "f": 2}
    assert table["weight"].tolist() == [0.25] * 4 + [1.0, 1.0]
    assert table["keep"].all()
    assert table["conflict"].tolist() == [True] * 4 + [False] * 2


def test_pruned_copies_weigh_nothing_and_their_group_still_counts_once() -> None:
    table = grouped(pictures(), pairs(), settings(policy="prune")).set_index("id")
    assert table["keep"].tolist() == [True, False, True, True, True, True]
    assert table["weight"].tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3, 1, 1])


@pytest.mark.parametrize("order", ["fedcba", "bdface"])
def test_groups_do_not_depend_on_the_order_of_rows(order: str) -> None:
    table = grouped(pictures(list(order)), pairs(), settings())
    assert table["id"].tolist() == list(order)
    assert table["group"].drop_duplicates().tolist() == [0, 1, 2]
    together = table.groupby("group")["id"].apply(lambda ids: "".join(sorted(ids)))
    assert set(together) == {"abcd", "e", "f"}


def test_duplicates_carry_ids_names_and_whether_the_classes_agree() -> None:
    table = listed(pictures(), pairs())
    assert table.to_numpy().tolist() == [
        ["a", "b", "bytes", 1.0, "identity", True],
        ["b", "c", "ssim", 0.961235, "rot90", True],
        ["c", "d", "cosine", 0.97, "flip_lr", False],
    ]
    columns = ["id_a", "id_b", "tier", "score", "symmetry", "same_class"]
    assert list(table.columns) == columns


def test_no_pairs_make_groups_of_one_and_an_empty_list() -> None:
    none = pairs().iloc[:0]
    assert grouped(pictures(), none, settings())["group"].tolist() == [0, 1, 2, 3, 4, 5]
    assert listed(pictures(), none).empty


def test_the_summary_counts() -> None:
    copies = Copies(pairs(), flat=2)
    table = grouped(pictures(), pairs(), settings(policy="prune"))
    assert summary(pictures(), copies, table) == {
        "pictures": 6,
        "groups": 3,
        "biggest_group": 4,
        "conflicts": 1,
        "dropped": 1,
        "flat": 2,
        "pairs": {"bytes": 1, "pixels": 0, "ssim": 1, "cosine": 1},
        "smallest_class_before": 3,
        "smallest_class_after": 2,
    }


def test_weights_of_every_group_sum_to_one() -> None:
    for policy in ("group", "prune"):
        table = grouped(pictures(), pairs(), settings(policy=policy))
        np.testing.assert_allclose(table.groupby("group")["weight"].sum(), 1)
