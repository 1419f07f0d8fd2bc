"""Any mix of columns, orders and spellings of a table of labels gives the same index."""

import tempfile
import unicodedata
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from croquis.prepare.layout import Layout, read_layout

IMAGES = [f"\u00e9{number}.png" for number in range(6)]
NAMES = ["caf\u00e9", "cup", "caf\u00e9", "cup", "tea \u00e0 deux", "cup"]
FORMS = st.sampled_from(["NFC", "NFD"])
MIXES = settings(max_examples=25, deadline=None, derandomize=True)


def layout_of(table: pd.DataFrame, name: str, folder: str) -> Layout:
    """What is read of the images in `folder`, and of this table of their labels."""
    with tempfile.TemporaryDirectory() as root:
        (Path(root) / folder).mkdir()
        for image in IMAGES:
            (Path(root) / folder / image).touch()
        table.to_csv(Path(root) / name, index=False)
        return read_layout(Path(root))


def labels(layout: Layout) -> dict[str, tuple[int, str]]:
    rows = layout.images
    pairs = zip(rows["label"], rows["class_name"], strict=True)
    files = rows["path"].map(lambda path: Path(path).name)
    return dict(zip(files, pairs, strict=True))


@MIXES
@given(
    rows=st.permutations(range(6)),
    columns=st.permutations(["image", "label", "more"]),
    image=st.sampled_from(["image_path", "ID", "file name", "Image_Id", "img"]),
    label=st.sampled_from(["class_name", "Label", "category", "Species"]),
    name=st.sampled_from(["train.csv", "labels.csv", "trainLabels.csv"]),
    folder=st.sampled_from(["train", "images", "Train Images"]),
    suffix=st.booleans(),
    form=FORMS,
    spellings=st.lists(
        st.tuples(FORMS, st.sampled_from(["", " "])), min_size=6, max_size=6
    ),
)
def test_a_mix_of_columns_orders_and_spellings_is_one_index(
    rows: list[int],
    columns: list[str],
    image: str,
    label: str,
    name: str,
    folder: str,
    suffix: bool,
    form: str,
    spellings: list[tuple[str, str]],
) -> None:
    images = [
        unicodedata.normalize(form, text if suffix else text[:-4])
        for text in IMAGES
    ]
    names = [
        unicodedata.normalize(shape, text) + blank
        for text, (shape, blank) in zip(NAMES, spellings, strict=True)
    ]
    table = pd.DataFrame({"image": images, "label": names, "more": "x"})
    table = table.iloc[rows][columns].rename(
        columns={"image": image, "label": label}
    )
    rank = {"caf\u00e9": 0, "cup": 1, "tea \u00e0 deux": 2}
    expected = {
        text: (rank[each], each) for text, each in zip(IMAGES, NAMES, strict=True)
    }
    layout = layout_of(table, name, folder)
    assert labels(layout) == expected
    changed = sum(bool(blank) for _, blank in spellings)
    notes = [
        note for note in layout.notes if "blanks around the class name" in note
    ]
    assert [f"in {changed} rows" in note for note in notes] == [True] * bool(
        changed
    )


@MIXES
@given(
    kinds=st.lists(
        st.sampled_from(["train", "valid", "test"]), min_size=6, max_size=6
    ),
    again=st.lists(st.integers(0, 5), max_size=3),
    unnamed=st.booleans(),
)
def test_each_row_is_in_the_index_or_in_a_counted_line(
    kinds: list[str], again: list[int], unnamed: bool
) -> None:
    kinds[0] = "train"
    table = pd.DataFrame({"image": IMAGES, "label": NAMES, "split": kinds})
    table = pd.concat([table, table.iloc[again]])
    if unnamed:
        table = table[table["image"] != IMAGES[0]]
        table.loc[table["image"] == IMAGES[1], "split"] = "train"
    layout = layout_of(table, "labels.csv", "images")
    unique = table.drop_duplicates()
    counts = unique["split"].value_counts()
    twice = len(table) - len(unique)
    assert (layout.images["split"] == "train").sum() == counts["train"]
    valid = int(counts.get("valid", 0))
    test = int(counts.get("test", 0))
    lines = {
        f"{valid:,} labelled images of val in images/ are": valid,
        f"{test:,} rows of test images are not": test,
        f"{twice:,} rows stand there twice": twice,
        "1 images in images/ are not named in labels.csv": unnamed,
    }
    assert (layout.images["split"] == "test").sum() == test
    for words, count in lines.items():
        assert any(words in note for note in layout.notes) == bool(count)
