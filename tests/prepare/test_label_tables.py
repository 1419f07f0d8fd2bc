"""Tables of labels as people have them: each form is read right, with a line, or refused."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams
from croquis.dataset.roots import find_root
from croquis.prepare.labelling.columns import setting
from croquis.prepare.layout import Layout, read_layout

CLASSES = ["cup", "star"]
ROWS = range(4)


def made(folder: Path, images: list[str], tables: dict[str, str]) -> Path:
    """A data set of empty images, and of tables by name."""
    for name in images:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    for name, text in tables.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def read(
    folder: Path, images: list[str], tables: dict[str, str], **data: Any
) -> Layout:
    root = find_root(made(folder, images, tables), where="mine")
    assert root == folder
    return read_layout(root, DataParams(**data))


def refused(
    folder: Path, images: list[str], tables: dict[str, str], **data: Any
) -> str:
    """The error, without the folder's own path."""
    with pytest.raises(InputError) as error:
        read(folder, images, tables, **data)
    return str(error.value).replace(f"{folder}/", "")


def table(columns: str, row: str) -> str:
    """A table with a row for each of ROWS: # is its number, ? its class, ?? the number of that."""
    lines = [
        row.replace("#", str(number))
        .replace("??", str(number % 2))
        .replace("?", CLASSES[number % 2])
        for number in ROWS
    ]
    return "\n".join([columns, *lines]) + "\n"


def images(pattern: str) -> list[str]:
    return [pattern.replace("#", str(number)) for number in ROWS]


def classes(layout: Layout) -> dict[str, str]:
    """The class of each training image's file."""
    train = layout.images[layout.images["split"] == "train"]
    return dict(zip(train["path"], train["class_name"], strict=True))


def files_of_test(layout: Layout) -> list[str]:
    return layout.images.loc[layout.images["split"] == "test", "path"].tolist()


def by_turns(paths: list[str]) -> dict[str, str]:
    """These files as cup, star, cup, star."""
    return {path: CLASSES[place % 2] for place, path in enumerate(paths)}


@pytest.mark.parametrize(
    ("name", "columns", "row", "files"),
    [
        # Kaggle: whale-categorization-playground, fastai/fastai#1126
        ("train.csv", "Image,Id", "#.jpg,?", "train/#.jpg"),
        # Kaggle: dog-breed-identification
        ("labels.csv", "id,breed", "#,?", "train/#.jpg"),
        # Kaggle: cifar-10
        ("trainLabels.csv", "id,label", "#,?", "train/#.png"),
        # Kaggle: histopathologic-cancer-detection
        ("train_labels.csv", "id,label", "#,?", "train/#.tif"),
        # Kaggle: cassava-leaf-disease-classification, autogluon/autogluon#1109
        ("train.csv", "image_id,label", "#.jpg,?", "train_images/#.jpg"),
        # Kaggle: classify-leaves, all images in one folder that the rows name, too
        ("train.csv", "image,label", "images/#.jpg,?", "images/#.jpg"),
        # Kaggle: paddy-disease-classification, with a folder a class besides
        ("train.csv", "image_id,label,age", "#.jpg,?,45", "train_images/x#/#.jpg"),
        # Kaggle: skin-cancer-mnist-ham10000, in two folders
        (
            "HAM10000_metadata.csv",
            "lesion_id,image_id,dx,age",
            "H,I#,?,40",
            "part_#/I#.jpg",
        ),
        # Kaggle: aerial-cactus-identification, a folder inside a folder of the same name
        ("train.csv", "id,has_cactus", "#.jpg,?", "train/train/#.jpg"),
        # Zindi: capitals
        ("Train.csv", "Image_ID,Label", "#,?", "Images/#.png"),
        # HackerEarth: blanks
        ("train.csv", "Image,Class", "#.jpg,?", "Train Images/#.jpg"),
        # Dacon: an id of the row beside the path of the image
        ("train.csv", "id,img_path,label", "TRAIN_#,./train/#.png,?", "train/#.png"),
        # fastai/fastai#1169
        ("train.csv", "filenames,cats", "n#/#.JPEG,?", "train/n#/#.JPEG"),
        # keras-team/keras-preprocessing#92: blanks, and an index column without a name
        ("train.csv", ",filepath,label", "#,My views/I #.JPG,?", "My views/I #.JPG"),
        # mlfoundations/open_clip#144: paths of another machine
        ("train.csv", "filepath,label", "/content/d/train/#.png,?", "train/#.png"),
        ("train.csv", "path,label", "../input/c/train/#.png,?", "train/#.png"),
        # huggingface/datasets, imagefolder
        ("metadata.csv", "file_name,label", "#.png,?", "#.png"),
        ("train/metadata.csv", "file_name,label", "#.png,?", "train/#.png"),
        ("train/metadata.csv", "file_name,label", "images/#.png,?", "train/images/#.png"),
        # huggingface/datasets#6776: a table of any name, known by its columns
        ("legends.csv", "caption,image,label", "a,images/#.png,?", "images/#.png"),
        # a column of any name, if it alone has a file in each row
        ("train.csv", "photo,kind", "#.jpg,?", "train/#.jpg"),
        ("labels.csv", "file,label", "#.png,?", "#.png"),
        ("labels.tsv", "file\tlabel", "#.png\t?", "train/#.png"),
    ],
)  # fmt: skip
def test_a_table_of_a_usual_form_is_read(
    tmp_path: Path, name: str, columns: str, row: str, files: str
) -> None:
    layout = read(tmp_path, images(files), {name: table(columns, row)})
    assert classes(layout) == by_turns(images(files))
    assert any("is read as the image" in note for note in layout.notes)
    assert any("is read as the name of the class" in note for note in layout.notes)


def test_json_lines_are_read_as_imagefolder_has_them(tmp_path: Path) -> None:
    """huggingface/datasets#4621: metadata.jsonl, with objects that are no label."""
    lines = table("", '{"file_name": "#.png", "label": ??, "objects": {"id": [1]}}')
    layout = read(tmp_path, images("train/#.png"), {"train/metadata.jsonl": lines})
    assert classes(layout) == {
        path: str(place % 2) for place, path in enumerate(images("train/#.png"))
    }
    assert layout.numbered == {"target"}


def test_parquet_is_refused_with_the_command_that_writes_a_csv(
    tmp_path: Path,
) -> None:
    error = refused(tmp_path, images("#.png"), {"metadata.parquet": "PAR1"})
    assert "received a .parquet; write it as csv: python -c" in error


def test_the_competitions_own_form_needs_no_line(tmp_path: Path) -> None:
    own = table("ID,image_path,target,class_name", "#,#.jpg,??,?")
    layout = read(tmp_path, images("train/#.jpg"), {"train.csv": own})
    assert classes(layout) == by_turns(images("train/#.jpg"))
    assert layout.numbered == {"target"}
    assert layout.notes == [
        "train.csv also has ID: split.domain can hold one apart"
    ]


@pytest.mark.parametrize(
    ("values", "names", "numbered"),
    [
        (["0", "1", "1", "0"], ["0", "1", "1", "0"], True),
        (["0.0", "1.0", "1.", "0"], ["0", "1", "1", "0"], True),
        (["1", "2", "2", "1"], ["1", "2", "2", "1"], False),
        (["3.0", "7.0", "7.0", "3.0"], ["3", "7", "7", "3"], False),
        (["00", "01", "01", "00"], ["00", "01", "01", "00"], False),
        (["-1", "1", "1", "-1"], ["-1", "1", "1", "-1"], False),
        (["A", "1", "1", "A"], ["A", "1", "1", "A"], False),
        (
            ["True", "False", "True", "False"],
            ["True", "False", "True", "False"],
            False,
        ),
    ],
)
def test_a_column_of_classes_is_numbers_from_0_or_names(
    tmp_path: Path, values: list[str], names: list[str], numbered: bool
) -> None:
    """Labels from 1 stopped with "number the classes anew", of a competition's numbers."""
    rows = "".join(
        f"{row},{value}\n" for row, value in zip(ROWS, values, strict=True)
    )
    layout = read(
        tmp_path, images("train/#.png"), {"train.csv": f"id,label\n{rows}"}
    )
    assert list(classes(layout).values()) == names
    assert ("target" in layout.numbered) == numbered


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["0.5", "1.5", "0", "1"], "2 rows with other numbers (0.5, 1.5)"),
        (["-1", "0", "1", "0"], "1 rows with other numbers (-1)"),
        (["", "cup", "star", " "], "a value in each row of label, received 2 rows"),
    ],
)
def test_quantities_and_gaps_are_no_classes(
    tmp_path: Path, values: list[str], message: str
) -> None:
    rows = "".join(
        f"{row},{value}\n" for row, value in zip(ROWS, values, strict=True)
    )
    tables = {"train.csv": f"id,label\n{rows}"}
    assert message in refused(tmp_path, images("train/#.png"), tables)


def test_a_column_of_each_class_is_read(tmp_path: Path) -> None:
    """Kaggle: plant-pathology-2020, all images in one folder, test.csv pointing into it."""
    one_hot = "".join(f"I{row},{1 - row % 2},{row % 2}.0\n" for row in ROWS)
    tables = {
        "train.csv": f"image_id,cup,star\n{one_hot}",
        "test.csv": "image_id\nT0\n",
    }
    layout = read(tmp_path, [*images("images/I#.jpg"), "images/T0.jpg"], tables)
    assert classes(layout) == by_turns(images("images/I#.jpg"))
    assert files_of_test(layout) == ["images/T0.jpg"]
    assert "train.csv: 2 columns of 0 and 1 are read as classes" in layout.notes


@pytest.mark.parametrize(
    ("columns", "row", "message"),
    [
        (
            "id,cup,star",
            "#,1,??",
            "one 1 in each row of cup, star, as an image has one",
        ),
        ("id,age,cup,star", "#,4#,1,0", "received cup, star beside age"),
        (
            "id,u,age",
            "#,x,4#",
            "received only id, u, age; name the column of the class",
        ),
        ("id,label,class", "#,?,#", "received label and class, which differ"),
    ],
)
def test_a_table_whose_class_is_not_certain_is_refused(
    tmp_path: Path, columns: str, row: str, message: str
) -> None:
    tables = {"train.csv": table(columns, row)}
    assert message in refused(tmp_path, images("train/#.png"), tables)


def test_the_error_has_the_setting_that_helps(tmp_path: Path) -> None:
    """muxspace/facial_expressions: the columns are user.id, image and emotion."""
    tables = {"train.csv": table("user.id,image,emotion", "u??,#.png,?")}
    error = refused(tmp_path / "a", images("images/#.png"), tables)
    assert error.endswith("received only user.id, image, emotion; name the column of the"
        " class: -S data.columns.label=emotion")  # fmt: skip
    columns = {"label": "emotion"}
    layout = read(tmp_path / "b", images("images/#.png"), tables, columns=columns)
    assert classes(layout) == by_turns(images("images/#.png"))


def test_columns_may_be_named(tmp_path: Path) -> None:
    tables = {"train.csv": table("a,b,c", "x,q#,?")}
    error = refused(tmp_path / "a", images("train/#.png"), tables)
    assert error.endswith(
        "only a, b, c; name the column of the image: -S data.columns.image=b"
    )
    tables = {"train.csv": table("a,b,c", "x,#,?")}
    columns = {"image": "b", "label": "c"}
    layout = read(tmp_path / "b", images("train/#.png"), tables, columns=columns)
    assert classes(layout) == by_turns(images("train/#.png"))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "bred"}, "data.columns.label: expected a column of train.csv: breed,"
            " received 'bred'; did you mean 'breed'?"),
        ({"image": "x"}, "data.columns.image: expected a column of train.csv: id, breed,"
            " received 'x'; known: id, breed"),
        ({"label": "id"}, "received 'id'; known: breed"),
    ],
)  # fmt: skip
def test_a_named_column_that_is_not_there_lists_those_that_are(
    tmp_path: Path, columns: dict[str, str], message: str
) -> None:
    tables = {"train.csv": table("id,breed", "#,?")}
    assert message in refused(
        tmp_path, images("train/#.png"), tables, columns=columns
    )


def test_a_named_column_comes_before_the_usual_ones(tmp_path: Path) -> None:
    tables = {"train.csv": table("image_path,class_name,shape", "#.png,x,?")}
    columns = {"label": "shape"}
    layout = read(tmp_path, images("train/#.png"), tables, columns=columns)
    assert classes(layout) == by_turns(images("train/#.png"))


def test_two_columns_of_the_same_classes_are_number_and_name(
    tmp_path: Path,
) -> None:
    tables = {"train.csv": table("id,label,label_name", "#,??,?")}
    layout = read(tmp_path / "a", images("train/#.png"), tables)
    assert classes(layout) == by_turns(images("train/#.png"))
    assert layout.numbered == {"target"}
    from_one = tables["train.csv"].replace(",1,", ",2,").replace(",0,", ",1,")
    layout = read(tmp_path / "b", images("train/#.png"), {"train.csv": from_one})
    assert classes(layout) == by_turns(images("train/#.png"))
    note = "train.csv: label says the same as the class, and is not read"
    assert note in layout.notes


def test_two_folders_that_may_be_meant_are_named(tmp_path: Path) -> None:
    files = [*images("images/#.png"), *images("masks/#.png")]
    error = refused(tmp_path, files, {"train.csv": table("id,label", "#,?")})
    assert "received 4 of them in each of images/ and masks/" in error


def test_a_folder_of_the_split_comes_before_others(tmp_path: Path) -> None:
    files = [*images("train_images/#.png"), *images("masks/#.png")]
    layout = read(tmp_path, files, {"train.csv": table("id,label", "#,?")})
    assert classes(layout) == by_turns(images("train_images/#.png"))
    assert "train.csv: its images are in train_images/" in layout.notes


def test_a_name_of_several_files_is_refused_with_both(tmp_path: Path) -> None:
    files = [*images("a/x#/#.png"), "a/y/0.png"]
    error = refused(tmp_path, files, {"train.csv": table("id,label", "#,?")})
    assert "1 rows that could mean several (0: a/x0/0.png or a/y/0.png)" in error


def test_the_folder_of_test_images_is_known_by_its_name(tmp_path: Path) -> None:
    files = [*images("train_images/#.png"), "test_images/9.png"]
    tables = {"train.csv": table("id,label", "#,?")}
    layout = read(tmp_path / "a", files, tables)
    assert files_of_test(layout) == ["test_images/9.png"]
    assert "the test images are in test_images/" in layout.notes
    error = refused(tmp_path / "b", [*files, "test2/9.png"], tables)
    assert "received test2/ and test_images/; add test.csv" in error


def test_a_test_table_has_other_columns_and_another_folder_too(
    tmp_path: Path,
) -> None:
    files = [*images("Train Images/#.png"), "Test Images/9.png"]
    tables = {
        "train.csv": table("Image,Class", "#.png,?"),
        "Test.csv": "Image\n9.png\n",
    }
    layout = read(tmp_path, files, tables)
    assert files_of_test(layout) == ["Test Images/9.png"]
    assert layout.images["id"].iloc[-1] == "test/9.png"


def test_labels_of_test_images_are_not_read(tmp_path: Path) -> None:
    tables = {
        "train/metadata.csv": table("file_name,label", "#.png,?"),
        "test/metadata.csv": "file_name,label\n8.png,cup\n9.png,star\n",
    }
    files = [*images("train/#.png"), "test/8.png", "test/9.png"]
    layout = read(tmp_path, files, tables)
    assert files_of_test(layout) == ["test/8.png", "test/9.png"]
    assert any("column label is not read; call" in note for note in layout.notes)


def test_rows_of_test_images_in_a_table_of_all_never_train(tmp_path: Path) -> None:
    """fastai/fastai#894: labels.csv names all images, and some were moved into test/."""
    files = ["train/0.png", "train/1.png", "test/2.png", "test/3.png"]
    layout = read(tmp_path, files, {"labels.csv": table("id,label", "#,?")})
    assert classes(layout) == by_turns(["train/0.png", "train/1.png"])
    assert files_of_test(layout) == ["test/2.png", "test/3.png"]
    assert (
        "labels.csv: 2 rows of test images are not trained on (2, 3)"
        in layout.notes
    )


def test_a_column_split_says_which_rows_train(tmp_path: Path) -> None:
    rows = "0,cup,train\n1,star,train\n2,cup,valid\n3,star,test\n"
    tables = {"labels.csv": f"image,label,split\n{rows}"}
    layout = read(tmp_path / "a", images("images/#.png"), tables)
    assert classes(layout) == by_turns(["images/0.png", "images/1.png"])
    assert files_of_test(layout) == ["images/3.png"]
    assert (
        "labels.csv: 1 rows of test images are not trained on (3)" in layout.notes
    )
    assert any(
        "1 labelled images of val in images/ are left out (2)" in note
        for note in layout.notes
    )
    joined = read(tmp_path / "b", images("images/#.png"), tables, val="join")
    assert classes(joined) == by_turns(images("images/#.png")[:3])


def test_a_train_csv_that_names_test_images_is_refused(tmp_path: Path) -> None:
    tables = {"train.csv": table("image,label", "#.png,?")}
    files = [*images("test/#.png"), "train/99.png"]
    error = refused(tmp_path, files, tables)
    assert "none of which is a test image, received 4 rows" in error
    assert "(0.png, 1.png, 2.png, ...); take these rows out" in error


def test_an_image_of_train_csv_and_test_csv_is_refused(tmp_path: Path) -> None:
    tables = {"train.csv": table("id,label", "#,?"), "test.csv": "id\n3\n"}
    error = refused(tmp_path, images("images/#.png"), tables)
    assert "none of which is a test image, received 1 rows that differ (3)" in error


@pytest.mark.parametrize(
    "name", ["val.csv", "valid.csv", "dev.csv", "val_labels.csv"]
)
def test_val_csv_is_left_out_with_a_line_or_joins(
    tmp_path: Path, name: str
) -> None:
    """All of val may be of one number, which alone would be no number from 0."""
    tables = {
        "train.csv": table("id,label", "#,??"),
        name: "id,label\n0,1\n1,1\n",
    }
    files = [*images("train/#.png"), "val/0.png", "val/1.png"]
    layout = read(tmp_path / "a", files, tables)
    assert len(classes(layout)) == 4
    words = "2 labelled images of val in val/ are left out (0, 1); -S data.val=join trains on"
    assert any(note.startswith(f"{name}: {words}") for note in layout.notes)
    joined = read(tmp_path / "b", files, tables, val="join")
    assert classes(joined)["val/0.png"] == classes(joined)["val/1.png"] == "1"
    assert joined.images["id"].is_unique
    assert f"{name}: 2 images of val train, too" in joined.notes


def test_val_csv_with_other_columns_is_refused(tmp_path: Path) -> None:
    tables = {"train.csv": table("id,label", "#,?"), "val.csv": "id,class\n0,cup\n"}
    files = [*images("train/#.png"), "val/0.png"]
    error = refused(tmp_path, files, tables, val="join")
    assert (
        "val.csv: expected the columns of the class that train.csv has: label"
        in error
    )


def test_roboflows_columns_of_classes_are_read(tmp_path: Path) -> None:
    tables = {
        f"{part}/_classes.csv": f"filename, cup, star\n{rows}"
        for part, rows in {
            "train": "0.png, 1, 0\n1.png, 0, 1\n2.png, 1, 0\n3.png, 0, 1\n",
            "valid": "8.png, 1, 0\n",
            "test": "9.png, 1, 0\n",
        }.items()
    }
    files = [*images("train/#.png"), "valid/8.png", "test/9.png"]
    layout = read(tmp_path, files, tables)
    assert classes(layout) == by_turns(images("train/#.png"))
    assert files_of_test(layout) == ["test/9.png"]


def test_rows_that_stand_there_twice_count_once(tmp_path: Path) -> None:
    twice = table("id,label", "#,?") + "1,star\n2,cup\n"
    layout = read(tmp_path, images("train/#.png"), {"train.csv": twice})
    assert classes(layout) == by_turns(images("train/#.png"))
    assert (
        "train.csv: 2 rows stand there twice and count once (1, 2)" in layout.notes
    )


def test_one_image_with_two_classes_is_refused(tmp_path: Path) -> None:
    tables = {"train.csv": table("id,label", "#,?") + "1,cup\n"}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert (
        "one class for each image, received 1 images with several, as 1: star, cup"
        in error
    )


def test_rows_of_one_image_that_differ_in_another_column_are_refused(
    tmp_path: Path,
) -> None:
    tables = {"train.csv": table("id,label,xmin", "#,?,5") + "1,star,9\n"}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert "each image_path once, received 1 rows" in error


def test_two_tables_of_labels_are_refused(tmp_path: Path) -> None:
    tables = dict.fromkeys(["train_a.csv", "train_b.csv"], table("id,label", "#,?"))
    error = refused(tmp_path, images("train/#.png"), tables)
    assert "one table of labels, received train_a.csv and train_b.csv" in error


def test_two_columns_of_images_that_differ_are_refused(tmp_path: Path) -> None:
    rows = "".join(
        f"{row}.png,train/{3 - row}.png,{CLASSES[row % 2]}\n" for row in ROWS
    )
    tables = {"train.csv": f"filename,path,label\n{rows}"}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert "received path and filename, which both name files; say which" in error


def test_spellings_of_a_class_are_one_and_look_alikes_are_named(
    tmp_path: Path,
) -> None:
    rows = "0,cup\n1,cup \n2,Cup\n3,cup\u200b\n"
    layout = read(
        tmp_path, images("train/#.png"), {"train.csv": f"id,label\n{rows}"}
    )
    assert sorted(set(classes(layout).values())) == ["Cup", "cup", "cup\u200b"]
    assert (
        "train.csv: blanks around the class name left out in 1 rows ('cup ')"
        in layout.notes
    )
    assert any(
        note.startswith("2 pairs of class names look alike")
        for note in layout.notes
    )


def test_what_else_a_row_says_is_kept(tmp_path: Path) -> None:
    rows = "0,cup,,\n1,star,train,\n2,cup,,0\n3,star,,\n"
    tables = {"train.csv": f"id,label,use,source_id\n{rows}"}
    layout = read(tmp_path, images("train/#.png"), tables)
    assert layout.columns["use"].tolist() == ["", "train", "", ""]
    assert layout.images["source_id"].tolist() == ["", "", "train/0", ""]


def test_a_table_beside_class_folders_is_named_and_not_read(tmp_path: Path) -> None:
    files = images("train/c#/#.png")
    layout = read(tmp_path, files, {"labels.csv": table("id,label", "#,?")})
    assert "labels.csv is not read, as train/ has class folders" in layout.notes
    assert sorted(set(classes(layout).values())) == ["c0", "c1", "c2", "c3"]


def test_classes_that_may_be_none_are_named(tmp_path: Path) -> None:
    rows = "".join(f"{row},x{row}\n" for row in range(22)) + "22,nan\n23,nan\n"
    files = [f"train/{row}.png" for row in range(24)]
    layout = read(tmp_path, files, {"train.csv": f"id,label\n{rows}"})
    assert any(
        "23 classes among 24 images: is this column" in note
        for note in layout.notes
    )
    assert any(
        "2 images have the class 'nan'; take" in note for note in layout.notes
    )


def test_a_first_line_that_is_a_row_is_refused(tmp_path: Path) -> None:
    """It would be lost as the names of columns."""
    tables = {"train.csv": table("", "#.png,?").lstrip()}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert (
        "the names of its columns in the first line, received an image there, 0.png"
        in error
    )


def test_images_of_the_folder_that_no_row_names_are_counted(tmp_path: Path) -> None:
    tables = {"train.csv": table("id,label", "#,?"), "test.csv": "id\n8\n"}
    files = [*images("images/#.png"), "images/7.png", "images/8.png"]
    layout = read(tmp_path, files, tables)
    lines = [note for note in layout.notes if "left out" in note]
    assert lines == [
        "1 images in images/ are not named in train.csv and left out (images/7.png)"
    ]


def test_rows_of_train_csv_in_val_train(tmp_path: Path) -> None:
    files = ["train/0.png", "train/1.png", "val/2.png", "val/3.png", "val/0.png"]
    layout = read(tmp_path, files, {"train.csv": table("id,label", "#,?")})
    assert classes(layout) == by_turns(files[:4])
    assert "train.csv: its images are in train/ and val/" in layout.notes


def test_a_sample_says_which_images_of_one_folder_are_to_be_predicted(
    tmp_path: Path,
) -> None:
    tables = {
        "train.csv": table("image,label", "#.png,?"),
        "sample_submission.csv": "image,label\n9.png,cup\n",
    }
    layout = read(tmp_path, [*images("images/#.png"), "images/9.png"], tables)
    assert files_of_test(layout) == ["images/9.png"]
    assert "sample_submission.csv: its rows are the test images" in layout.notes


def test_a_class_that_only_val_has_is_refused(tmp_path: Path) -> None:
    tables = {
        "train.csv": table("id,label", "#,?"),
        "val.csv": "id,label\n8,tree\n",
    }
    files = [*images("train/#.png"), "val/8.png"]
    error = refused(tmp_path, files, tables, val="join")
    assert "val.csv: expected the classes of the training images in label" in error
    assert "received 1 others (tree)" in error


def test_a_setting_with_blanks_is_quoted_as_the_command_line_needs_it(
    tmp_path: Path,
) -> None:
    """Kaggle: nih-chest-xrays, with Image Index and Finding Labels."""
    tables = {"train.csv": table("Image Index,Finding Labels,Age", "#.png,?,4#")}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert error.endswith("""-S "data.columns.label='Finding Labels'\"""")


def test_images_without_a_suffix_are_found_in_any_folder(tmp_path: Path) -> None:
    made(tmp_path, [], {"labels.csv": table("id,label", "#,?")})
    (tmp_path / "photos").mkdir()
    for number in ROWS:
        Image.new("L", (8, 8), number).save(
            tmp_path / "photos" / str(number), "PNG"
        )
    layout = read(tmp_path, [], {})
    assert classes(layout) == by_turns(images("photos/#"))


def test_a_suffix_is_part_of_a_name_in_any_folder(tmp_path: Path) -> None:
    """0.png was read as a/0.jpg, which has the same stem."""
    rows = "0.png,cup\n1.png,star\n2.png,cup\n3.png,star\n"
    tables = {"labels.csv": f"image,label\n{rows}"}
    files = ["a/0.jpg", "b/0.png", "a/1.png", "b/2.png", "a/3.png"]
    layout = read(tmp_path / "one", files, tables)
    assert classes(layout) == by_turns(["b/0.png", "a/1.png", "b/2.png", "a/3.png"])
    error = refused(tmp_path / "two", ["a/0.jpg", *files[2:]], tables)
    assert "'0.jpg' has another suffix than '0.png'" in error


def test_a_lost_image_is_not_looked_for_in_other_folders(tmp_path: Path) -> None:
    files = [*images("train/#.png")[:3], "backup/3.png"]
    tables = {"train.csv": table("image_path,class_name", "#.png,?")}
    error = refused(tmp_path, files, tables)
    assert "received 1 that are not there (3.png)" in error


def test_a_number_is_not_the_image_where_another_column_has_names_of_files(
    tmp_path: Path,
) -> None:
    rows = "\n".join(f"{k},{3 - k}.png,{CLASSES[k // 2]}" for k in ROWS)
    tables = {"train.csv": f"id,photo,label\n{rows}\n"}
    error = refused(tmp_path, images("train/#.png"), tables)
    assert "received id and photo, which both name files; say which" in error
    assert "-S data.columns.image=photo" in error
    layout = read(
        tmp_path, images("train/#.png"), tables, columns={"image": "photo"}
    )
    assert list(layout.images["path"][:2]) == ["train/3.png", "train/2.png"]


def test_an_id_beside_the_same_names_of_files_and_one_beside_masks_are_read(
    tmp_path: Path,
) -> None:
    files = [*images("train/a.#.png"), *images("masks/a.#_mask.png")]
    tables = {
        "train.csv": table("id,photo,mask,label", "a.#,a.#.png,a.#_mask.png,?")
    }
    error = refused(tmp_path, files, tables)
    assert "id and mask, which both name files" in error
    tables = {"train.csv": table("file,mask,label", "a.#.png,a.#_mask.png,?")}
    assert read(tmp_path, files, tables).images["path"][0] == "train/a.0.png"
    tables = {"train.csv": table("id,photo,label", "a.#,a.#.png,?")}
    assert read(tmp_path, files, tables).images["path"][0] == "train/a.0.png"


@pytest.mark.parametrize(
    "name", ["it's", "1", "true", "null", "a\\", "a$b", "품종", "a, b"]
)
def test_the_setting_that_an_error_names_reads_as_the_columns_name(
    name: str, tmp_path: Path
) -> None:
    from dvc.utils.hydra import apply_overrides  # takes a moment to import

    (tmp_path / "params.yaml").write_text("data: {columns: {label: null}}\n")
    override = shlex.split(setting("label", name))[1]
    apply_overrides(tmp_path / "params.yaml", [override])
    params = yaml.safe_load((tmp_path / "params.yaml").read_text())
    assert params["data"]["columns"]["label"] == name


def split_table(column: str, cells: list[str]) -> dict[str, str]:
    """A table of labels whose column says the cells, one a row."""
    rows = [f"{k}.png,{CLASSES[k % 2]},{cell}" for k, cell in enumerate([*cells])]
    return {"labels.csv": "\n".join([f"file,label,{column}", *rows]) + "\n"}


@pytest.mark.parametrize(
    "column, cells",
    [
        ("Usage", ["Training"] * 4 + ["PublicTest", "PrivateTest"]),
        ("type", ["train"] * 4 + ["test", "Test"]),
        ("split", ["TRAIN"] * 4 + ["TEST", "test_set"]),
        ("구분", ["학습"] * 4 + ["시험", "테스트"]),
    ],
)
def test_a_column_of_any_name_says_which_rows_are_test_images(
    column: str, cells: list[str], tmp_path: Path
) -> None:
    files = [f"images/{k}.png" for k in range(6)]
    layout = read(tmp_path, files, split_table(column, cells))
    assert list(layout.images["split"]) == ["train"] * 4 + ["test"] * 2


@pytest.mark.parametrize(
    "column, cells",
    [
        ("partition", ["0", "0", "0", "0", "1", "2"]),
        ("is_train", ["1", "1", "1", "1", "0", "0"]),
        ("Is Training Image", ["True", "True", "True", "True", "False", "False"]),
        ("split", ["train", "train", "train", "train", "extra", "test"]),
        ("split", ["train", "train", "train", "train", "", "test"]),
        ("fold", ["0", "1", "0", "1", "test", "test"]),
        ("set", ["test", "test", "test", "test", "test", "test"]),
    ],
)
def test_a_split_that_is_not_certain_stops_the_run_before_test_images_train(
    column: str, cells: list[str], tmp_path: Path
) -> None:
    files = [f"images/{k}.png" for k in range(6)]
    error = refused(tmp_path, files, split_table(column, cells))
    assert f"expected train, val or test in each row of {column}" in error


@pytest.mark.parametrize(
    "column, cells",
    [
        ("is_train", ["1", "1", "1", "1", "1", "1"]),
        ("split", ["0", "1", "2", "3", "4", "0"]),
        ("dataset", ["ham", "ham", "bcn", "bcn", "ham", "ham"]),
        ("place", ["train station", "test track", "test track", "x", "y", "z"]),
    ],
)
def test_a_column_that_is_no_split_is_a_further_column(
    column: str, cells: list[str], tmp_path: Path
) -> None:
    files = [f"images/{k}.png" for k in range(6)]
    layout = read(tmp_path, files, split_table(column, cells))
    assert list(layout.images["split"]) == ["train"] * 6
    assert f"labels.csv also has {column}: split.domain can hold one apart" in (
        layout.notes
    )


def test_a_split_alone_is_no_class(tmp_path: Path) -> None:
    tables = {"labels.csv": "file,kind\n0.png,train\n1.png,test\n2.png,train\n"}
    error = refused(tmp_path, images("images/#.png"), tables)
    assert "expected a column of the class, received kind alone" in error


def test_rows_of_test_in_train_csv_with_a_label_are_test_images(
    tmp_path: Path,
) -> None:
    rows = [
        f"{k}.png,{CLASSES[k % 2]},{'test' if k > 3 else 'train'}" for k in range(6)
    ]
    tables = {"train.csv": "\n".join(["image_path,label,split", *rows]) + "\n"}
    layout = read(tmp_path, [f"images/{k}.png" for k in range(6)], tables)
    assert list(layout.images["split"]) == ["train"] * 4 + ["test"] * 2


def test_a_further_table_of_labels_is_named(tmp_path: Path) -> None:
    names = {"labels.csv": table("id,label", "#,?")}
    tables = names | {"train_labels.csv": table("id,label", "#,??")}
    tables["classes.csv"] = "number,meaning\n0,cup\n1,star\n"
    layout = read(tmp_path, images("train/#.png"), tables)
    unread = [note for note in layout.notes if "not read" in note]
    assert unread == ["labels.csv is not read, as train_labels.csv says the labels"]


def test_the_folder_train_comes_before_one_of_masks_with_the_same_ids(
    tmp_path: Path,
) -> None:
    files = [*images("train/#.png"), *images("train_masks/#.png")]
    layout = read(tmp_path, files, {"train.csv": table("id,label", "#,?")})
    assert layout.images["path"][0] == "train/0.png"


def test_a_file_of_train_and_val_trains_once(tmp_path: Path) -> None:
    files = [f"images/{k}.png" for k in range(5)]
    tables = {"train.csv": table("file,label", "#.png,?")}
    tables["val.csv"] = "file,label\n3.png,star\n4.png,cup\n"
    joined = read(tmp_path, files, tables, val="join")
    assert joined.images["path"].tolist() == files
    note = "val.csv: 1 rows are of training images, and count once (3.png)"
    assert note in joined.notes
    left_out = read_layout(tmp_path)
    assert any(
        "1 labelled images of val in images/ are left out (4.png)" in note
        for note in left_out.notes
    )


def test_a_file_of_train_and_val_has_one_class(tmp_path: Path) -> None:
    tables = {"train.csv": table("file,label", "#.png,?")}
    tables["val.csv"] = "file,label\n3.png,cup\n0.png,cup\n"
    error = refused(tmp_path, images("images/#.png"), tables, val="join")
    assert "expected the class that the training images have" in error
    assert "received 1 rows that differ (3.png)" in error


def test_images_that_are_not_found_are_compared_with_the_folder_that_is_there(
    tmp_path: Path,
) -> None:
    tables = {"train.csv": table("file,label", "other#.png,?")}
    error = refused(tmp_path, images("images/#.png"), tables)
    assert (
        "compare the names in the csv with those of the files in images/" in error
    )


def test_a_second_table_of_test_images_is_named(tmp_path: Path) -> None:
    tables = {"train.csv": table("id,label", "#,?"), "test1.csv": "id\n5\n"}
    tables["test2.csv"] = "id\n6\n"
    files = [*images("train/#.png"), "test/5.png", "test/6.png"]
    note = "test2.csv is not read, as test1.csv names the test images"
    assert note in read(tmp_path, files, tables).notes


def test_a_line_of_json_ends_at_its_end_alone(tmp_path: Path) -> None:
    rows = [f'{{"file_name": "{k}.png", "label": "a\u2028{k % 2}"}}' for k in ROWS]
    tables = {"train/metadata.jsonl": "\n".join(rows) + "\n"}
    assert len(read(tmp_path, images("train/#.png"), tables).images) == 4


def test_a_table_without_rows_is_told_so(tmp_path: Path) -> None:
    error = refused(tmp_path, images("train/#.png"), {"train.csv": "id,label\n"})
    assert "expected training images, received none" in error
