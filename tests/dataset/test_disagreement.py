"""Tables that say other classes than the folders of the same images, and those that do not."""

from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.dataset.folders.disagreement import disagrees
from croquis.dataset.roots import find_root
from croquis.prepare.layout import read_layout
from support.empty_files import grown

OTHERS = "image_id,dx\n0,mel\n1,nv\n2,mel\n3,nv\n"
ALIKE = "image_id,dx\n0.png,7\n1.png,7\n2.png,8\n3.png,8\n"


def parts(folder: Path, place: str) -> Path:
    return grown(
        folder, f"{place}/part_1/{{0,1}}.png", f"{place}/part_2/{{2,3}}.png"
    )


@pytest.mark.parametrize("text", [OTHERS, OTHERS.replace("dx", "mood")])
def test_folders_below_a_table_of_other_classes_are_refused(
    tmp_path: Path, text: str
) -> None:
    (parts(tmp_path, "x/images") / "x/meta.csv").write_text(text)
    with pytest.raises(
        InputError, match=r"x/meta.csv, and the folders in x/images/"
    ):
        find_root(tmp_path, where="mine")
    (tmp_path / "x/meta.csv").rename(tmp_path / "x/train.csv")
    assert find_root(tmp_path, where="mine") == tmp_path / "x"


def test_train_with_other_folders_than_a_table_of_classes_is_refused(
    tmp_path: Path,
) -> None:
    (parts(tmp_path, "train") / "labels.csv").write_text(OTHERS)
    with pytest.raises(InputError, match=r"labels.csv, and the folders in train/"):
        read_layout(tmp_path)


@pytest.mark.parametrize("text", [ALIKE, ALIKE.replace("8", "7")])
def test_folders_that_say_the_same_or_more_are_read_as_before(
    tmp_path: Path, text: str
) -> None:
    (parts(tmp_path, "images") / "meta.csv").write_text(text)
    assert find_root(tmp_path, where="mine") == tmp_path / "images"


@pytest.mark.parametrize(
    "text",
    [
        "id,label\n0,part_1\n1,part_2\n",  # what the classes are called
        "image_id,age,sex\n0,3,f\n1,4,m\n2,3,f\n3,4,m\n",
        'image_id,dx\n"0,mel\n',
        "",
    ],
)
def test_a_table_without_classes_of_these_images_says_nothing(
    tmp_path: Path, text: str
) -> None:
    (parts(tmp_path, "images") / "meta.csv").write_text(text)
    assert not disagrees(tmp_path / "meta.csv", tmp_path / "images", is_sure=True)
