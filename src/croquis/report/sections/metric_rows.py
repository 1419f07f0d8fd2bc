"""The JSON of dedup and split as rows that a person reads."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from croquis.core.text import SYMMETRIES, share

# What the keys in the JSON of dedup and split mean, in reading order. Any other key comes after
# these, and speaks for itself.
WORDS = {
    "images": "training images",
    "scored": "images scored out of fold",
    "classes": "classes",
    "unscored_classes": "classes that are never scored",
    "groups": "groups (an image without a copy is one)",
    "biggest_group": "images in the biggest group",
    "with_copies": "images that have a copy",
    "conflicts": "groups with several labels",
    "pairs": "pairs of copies, by test",
    "symmetries": "the same pairs, by symmetry",
    "lowest_likeness": "cosine of blurred ink of the least alike in a group",
    "cut_groups": "chains that were cut",
    "cut_pairs": "pairs that were cut",
    "flat": "flat images, compared by bytes and pixels only",
    "dropped": "images dropped from training",
    "test_twins": "test images with a copy in training",
    "candidates": "candidates",
    "seconds": "seconds",
    "smallest_class_in_training": "fewest training images of a class in a fold",
    "fold_min": "images in the smallest fold",
    "fold_max": "images in the largest fold",
    "plain_twins": "images that plain folds would separate from a copy",
    "domains": "domains",
    "copies_across_folds": "images with a copy in another fold",
}
# The same of metrics that have parts; a key may mean something else there.
PARTS = {
    "classes": {
        "smallest_before": "images of the smallest",
        "smallest_after": "of the smallest after dropping",
        "median_before": "of the median one",
        "median_after": "of the median one after dropping",
    },
    "pairs": {"same": "a person's word"},
    "symmetries": SYMMETRIES,
}
MAX_ITEMS = 12  # of a list


class MetricRow(NamedTuple):
    """A number and what it means; a row whose parts follow it has no number."""

    words: str
    number: str
    part: bool = False


def metric_rows(metrics: Mapping[str, Any]) -> list[MetricRow]:
    """A JSON of metrics, two levels deep, in reading order."""
    rows = []
    for key, words in _with_words(metrics, WORDS):
        value = metrics[key]
        if isinstance(value, Mapping):
            rows.append(MetricRow(words, ""))
            rows += _part_rows(key, value)
        else:
            rows.append(MetricRow(words, _number(value)))
    return rows


def _part_rows(key: str, parts: Mapping[str, Any]) -> list[MetricRow]:
    text: Callable[[Any], str] = "{:.1f}".format if key == "seconds" else _number
    return [
        MetricRow(words, text(parts[part]), part=True)
        for part, words in _with_words(parts, PARTS.get(key, {}))
    ]


def _with_words(
    keys: Iterable[str], words: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Keys with their words, in the order of `words`; what is not among these comes last."""
    places = {key: place for place, key in enumerate(words)}
    ordered = sorted(keys, key=lambda key: (places.get(key, len(places)), key))
    return [(key, words.get(key, key.replace("_", " "))) for key in ordered]


def _number(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, list):
        more = len(value) - MAX_ITEMS
        items = ", ".join(_number(item) for item in value[:MAX_ITEMS])
        return items + (f" and {more:,} more" if more > 0 else "")
    if isinstance(value, float):
        return (
            share(value) if abs(value) <= 1 else f"{value:,.1f}".removesuffix(".0")
        )
    return f"{value:,}" if isinstance(value, int) else str(value)
