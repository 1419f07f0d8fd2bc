"""metrics/dedup.json."""

import numpy as np

from croquis.dedup.groups import group_copies
from croquis.dedup.measures.search_timings import Tally
from croquis.dedup.pairs import Copies
from croquis.dedup.summary import dedup_lines, dedup_metrics
from support.paired import BLURRED, images, pairs, settings


def test_the_summary_counts() -> None:
    tally = Tally({"ssim vectors": 1.234, "copy": 0.0}, {"copy bound": 7})
    copies = Copies(pairs(), BLURRED, flat=2, tally=tally)
    groups = group_copies(images(), pairs(), BLURRED, settings(policy="prune"))
    test_copies = pairs().iloc[:1]
    assert dedup_metrics(images(), copies, groups, test_copies) == {
        "images": 6,
        "groups": 3,
        "biggest_group": 4,
        "with_copies": 4,
        "lowest_likeness": 1.0,
        "cut_groups": 0,
        "cut_pairs": 0,
        "conflicts": 1,
        "dropped": 1,
        "flat": 2,
        "test_twins": 1,
        "pairs": {
            "same": 0,
            "bytes": 0,
            "pixels": 0,
            "copy": 3,
            "ssim": 0,
            "cosine": 0,
            "variant": 0,
        },
        "symmetries": {
            "identity": 1,
            "rot90": 1,
            "rot180": 0,
            "rot270": 0,
            "flip_lr": 1,
            "flip_ud": 0,
            "transpose": 0,
            "antitranspose": 0,
        },
        "classes": {
            "smallest_before": 3,
            "smallest_after": 2,
            "median_before": 3.0,
            "median_after": 2.5,
        },
        "candidates": {"copy_bound": 7},
        "seconds": {"ssim_vectors": 1.2, "copy": 0.0},
    }
    assert np.isclose(sum(groups.table["weight"]), 3)


def test_three_lines_say_what_matters() -> None:
    copies = Copies(pairs(), BLURRED, flat=0, tally=Tally({"copy": 3.0}))
    groups = group_copies(images(), pairs(), BLURRED, settings())
    assert dedup_lines(
        dedup_metrics(images(), copies, groups, pairs().iloc[:0]), tests=1234
    ) == [
        "6 images in 3 groups; pairs: 3 copy",
        "biggest group 4, 1 with several labels, 0 chains cut, 0 images dropped, 3 s",
        "0 of 1,234 test images have a copy in train",
    ]
