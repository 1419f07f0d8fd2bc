"""The numbers of dedup and split, in words."""

from croquis.report.sections.metric_rows import metric_rows


def test_rows_are_worded_in_reading_order_unknown_keys_last() -> None:
    content = {
        "novel_key": 0.5,
        "pairs": {"bytes": 1204},
        "images": 12,
        "sizes": list(range(14)),
    }
    assert metric_rows(content | {"capped": False}) == [
        ("training images", "12", False),
        ("pairs of copies, by test", "", False),
        ("bytes", "1,204", True),
        ("capped", "no", False),
        ("novel key", ".500", False),
        ("sizes", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more", False),
    ]


def test_parts_of_metrics_have_words_of_their_own() -> None:
    """The seconds of the step `groups` were those of "groups (an image without a copy is one)".

    Tests and symmetries had one name, as if each pair were two; a median was 12.000.
    """
    content = {
        "classes": {"median_before": 12.0, "median_after": 11.5},
        "pairs": {"same": 1, "ssim": 2},
        "seconds": {"groups": 0.1, "ssim": 7.4},
        "symmetries": {"flip_lr": 1, "identity": 2},
    }
    assert metric_rows(content) == [
        ("classes", "", False),
        ("of the median one", "12", True),
        ("of the median one after dropping", "11.5", True),
        ("pairs of copies, by test", "", False),
        ("a person's word", "1", True),
        ("ssim", "2", True),
        ("the same pairs, by symmetry", "", False),
        ("as is", "2", True),
        ("second mirrored", "1", True),
        ("seconds", "", False),
        ("groups", "0.1", True),
        ("ssim", "7.4", True),
    ]


def test_a_share_of_one_is_written_as_a_share() -> None:
    assert metric_rows({"a": 1.0, "b": 1.5, "c": -1.0}) == [
        ("a", "1.000", False),
        ("b", "1.5", False),
        ("c", "-1.000", False),
    ]
