"""Sample submissions as public competitions have them: read, or refused before any image is."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from croquis.core.errors import InputError
from croquis.dataset.data_params import ColumnParams
from croquis.prepare.samples.class_columns import Classes
from croquis.prepare.samples.template import Template, read_template

BREEDS = ("affenpinscher", "beagle", "boxer")
DIGITS = tuple("0123456789")
AS_USUAL = ColumnParams()
USUAL = "sample_submission.csv"


class Case(NamedTuple):
    """A sample of two test images, and what goes out for the classes 1 and 0."""

    sample: str
    tests: Sequence[str]
    classes: Sequence[str]
    submission: str
    line: str  # without "the submission will have", "as sample_submission.csv"
    numbered: bool = False


def template_of(
    folder: Path,
    sample: str,
    tests: Sequence[str],
    classes: Sequence[str] = BREEDS,
    *,
    numbered: bool = False,
    name: str = USUAL,
    columns: ColumnParams = AS_USUAL,
) -> Template:
    (folder / name).write_text(sample, encoding="utf-8")
    names = pd.DataFrame({"image_path": list(tests)}, dtype=str)
    return read_template(folder, names, Classes(list(classes), numbered), columns)


def submission_of(template: Template, count: int, labels: Sequence[int]) -> str:
    """The csv that goes out where labels are sure."""
    table = template.form.fill(template.rows, np.eye(count)[list(labels)])
    return table.to_csv(index=False, lineterminator="\n")


PUBLIC = {
    "an AI Boostcamp": Case(
        "ID,image_path,target\n7,0.JPEG,0\n3,1.JPEG,0\n",
        ("0.JPEG", "1.JPEG"),
        ("n01", "n02"),
        "ID,image_path,target\n7,0.JPEG,1\n3,1.JPEG,0\n",
        "ID, image_path and target (numbers from 0 to 1)",
        numbered=True,
    ),
    "dog breed identification": Case(
        "id,beagle,boxer,affenpinscher\nff,.3,.3,.3\naa,.3,.3,.3\n",
        ("aa.jpg", "ff.jpg"),
        BREEDS,
        "id,beagle,boxer,affenpinscher\nff,1,0,0\naa,0,0,1\n",
        "id and the probabilities of 3 classes",
    ),
    "cassava leaf disease": Case(
        "image_id,label\n1.jpg,4\n2.jpg,4\n",
        ("2.jpg", "1.jpg"),
        DIGITS[:5],
        "image_id,label\n1.jpg,1\n2.jpg,0\n",
        "image_id and label (numbers from 0 to 4)",
        numbered=True,
    ),
    "plant pathology 2020": Case(
        "image_id,healthy,multiple_diseases,rust\nTest_0,.3,.3,.3\nTest_1,.3,.3,.3\n",
        ("Test_0.jpg", "Test_1.jpg"),
        ("healthy", "multiple_diseases", "rust"),
        "image_id,healthy,multiple_diseases,rust\nTest_0,0,1,0\nTest_1,1,0,0\n",
        "image_id and the probabilities of 3 classes",
    ),
    "plant pathology 2021": Case(
        "image,labels\na.jpg,healthy\nb.jpg,healthy\n",
        ("a.jpg", "b.jpg"),
        ("healthy", "scab frog_eye"),
        "image,labels\na.jpg,scab frog_eye\nb.jpg,healthy\n",
        "image and labels (class names, as 'healthy')",
    ),
    "digit recognizer": Case(
        "ImageId,Label\n1,0\n2,0\n",
        ("00001.png", "00002.png"),
        DIGITS,
        "ImageId,Label\n1,1\n2,0\n",
        "ImageId and Label (class names, as '0')",
    ),
    "leaf classification": Case(
        "id,Acer_Opalus,Alnus_Rubra\n4,.01,.01\n11,.01,.01\n",
        ("images/4.jpg", "images/11.jpg"),
        ("Acer_Opalus", "Alnus_Rubra"),
        "id,Acer_Opalus,Alnus_Rubra\n4,0,1\n11,1,0\n",
        "id and the probabilities of 2 classes",
    ),
    "dogs against cats, redux": Case(
        "id,label\n1,0.5\n2,0.5\n",
        ("1.jpg", "2.jpg"),
        ("cat", "dog"),
        "id,label\n1,1\n2,0\n",
        "id and label (the probability of 'dog')",
    ),
    "dogs against cats": Case(
        "id,label\n1,0\n2,0\n",
        ("1.jpg", "2.jpg"),
        ("cat", "dog"),
        "id,label\n1,1\n2,0\n",
        "id and label (numbers from 0 to 1)",
    ),
    "state farm": Case(
        "img,c0,c1,c2\nimg_1.jpg,.3,.3,.3\nimg_2.jpg,.3,.3,.3\n",
        ("img_1.jpg", "img_2.jpg"),
        ("c0", "c1", "c2"),
        "img,c0,c1,c2\nimg_1.jpg,0,1,0\nimg_2.jpg,1,0,0\n",
        "img and the probabilities of 3 classes",
    ),
    "plant seedlings": Case(
        "file,species\na.png,Sugar beet\nb.png,Sugar beet\n",
        ("b.png", "a.png"),
        ("Black-grass", "Sugar beet"),
        "file,species\na.png,Sugar beet\nb.png,Black-grass\n",
        "file and species (class names, as 'Black-grass')",
    ),
    "aerial cactus": Case(
        "id,has_cactus\na.jpg,0.5\nb.jpg,0.5\n",
        ("a.jpg", "b.jpg"),
        ("0", "1"),
        "id,has_cactus\na.jpg,1\nb.jpg,0\n",
        "id and has_cactus (the probability of '1')",
        numbered=True,
    ),
    "histopathologic cancer": Case(
        "id,label\na,0\nb,0\n",
        ("a.tif", "b.tif"),
        ("0", "1"),
        "id,label\na,1\nb,0\n",
        "id and label (numbers from 0 to 1)",
        numbered=True,
    ),
    "aptos 2019": Case(
        "id_code,diagnosis\n0005,0\n003f,0\n",
        ("0005.png", "003f.png"),
        DIGITS[:5],
        "id_code,diagnosis\n0005,1\n003f,0\n",
        "id_code and diagnosis (numbers from 0 to 4)",
        numbered=True,
    ),
    "humpback whales, with one answer": Case(
        "Image,Id\na.jpg,w_1\nb.jpg,w_1\n",
        ("a.jpg", "b.jpg"),
        ("new_whale", "w_1"),
        "Image,Id\na.jpg,w_1\nb.jpg,new_whale\n",
        "Image and Id (class names, as 'new_whale')",
    ),
}


@pytest.mark.parametrize("case", PUBLIC.values(), ids=PUBLIC)
def test_a_public_sample_is_read_and_filled(tmp_path: Path, case: Case) -> None:
    template = template_of(
        tmp_path, case.sample, case.tests, case.classes, numbered=case.numbered
    )
    submission = submission_of(template, len(case.classes), [1, 0])
    assert submission == case.submission
    line = f"the submission will have {case.line}, as sample_submission.csv"
    assert template.notes[0] == line
    assert (template.rows.drop(columns=template.form.image) != "").all(axis=None)


BAD = {
    "its ids count from 1, the files from 0": (
        "ImageId,Label\n1,0\n2,0\n",
        r"1 missing \(0.jpg\); 1 unknown \(2\); do its ids count from 1, and the files from 0",
    ),
    "ids of another competition": (
        "id,breed\nx,boxer\ny,boxer\n",
        r"each id of the 2 test images once, received 2 missing \(0.jpg, 1.jpg\); 2 unknown \(x",
    ),
    "one image twice": (
        "id,breed\n0,boxer\n0.jpg,boxer\n1,boxer\n",
        r"received 1 doubled \(0.jpg\)",
    ),
    "a class without a column, and a column without a class": (
        "id,beagle,boxer,pug\n0,.3,.3,.3\n1,.3,.3,.3\n",
        r"the 3 classes alone, received 1 without a column \(affenpinscher\);"
        r" 1 columns of no class \(pug\); name the classes",
    ),
    "a column more than there are classes": (
        "id,affenpinscher,beagle,boxer,unknown\n0,.3,.3,.3,0\n1,.3,.3,.3,0\n",
        r"received 1 columns of no class \(unknown\)",
    ),
    "classes of another competition": (
        "id,cat,dog\n0,.5,.5\n1,.5,.5\n",
        r"3 without a column \(affenpinscher, beagle, boxer\); 2 columns of no class \(cat, dog\)",
    ),
    "class columns that count from 1": (
        "id,class_1,class_2,class_3\n0,.3,.3,.3\n1,.3,.3,.3\n",
        r"3 columns of no class \(class_1, class_2, class_3\)",
    ),
    "a name in another case": (
        "id,breed\n0,Boxer\n1,Boxer\n",
        r"1 others \(Boxer\); 'Boxer' differs from 'boxer' in case or blanks; write the classes al",
    ),
    "a name that nobody knows": (
        "id,breed\n0,pug\n1,pug\n",
        r"expected a class name, as 'affenpinscher', or a number as breed, received 1 others \(pug",
    ),
    "five answers an image": (
        "id,predicted\n0,0 1 2\n1,0 1 2\n",
        r"received 1 others \(0 1 2\); croquis answers with one class an image; .*or take the samp",
    ),
    "boxes": (
        "image_id,PredictionString\n0.jpg,14 1 0 0 1 1\n1.jpg,14 1 0 0 1 1\n",
        "croquis answers with one class an image",
    ),
    "one probability of three classes": (
        "id,breed\n0,0.5\n1,0.5\n",
        r"received 1 others \(0.5\); give probabilities a column for each class, or take",
    ),
    "a column twice": (
        "id,breed,breed\n0,boxer,boxer\n1,boxer,boxer\n",
        "expected each column once, received 'breed' twice; take out one",
    ),
    "an empty id": (
        "id,breed\n0,boxer\n,boxer\n",
        r"1 missing \(1.jpg\); 1 unknown \(\)",
    ),
    "images alone": ("id\n0\n1\n", "expected a column target, received only id"),
    "two columns that may hold a class": (
        "id,one,two\n0,boxer,boxer\n1,boxer,boxer\n",
        r"expected a column target \(or label, .*received one, two; say which with `data.columns.l",
    ),
}


@pytest.mark.parametrize(("sample", "message"), BAD.values(), ids=BAD)
def test_a_sample_that_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, sample: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as raised:
        template_of(tmp_path, sample, ("0.jpg", "1.jpg"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("header", "note"),
    [
        (
            "prob_cup,prob_star",
            "2 columns are read as classes, as 'prob_cup' as 'cup'",
        ),
        (
            "Cup (p),STAR (p)",
            "2 columns are read as classes, as 'Cup (p)' as 'cup'",
        ),
        ("class_0,class_1", "the sorted names (0 is 'cup', 1 is 'star')"),
        ("p00,p01", "the sorted names (0 is 'cup', 1 is 'star')"),
    ],
)
def test_class_columns_may_have_a_text_around_and_a_line_says_so(
    tmp_path: Path, header: str, note: str
) -> None:
    turned = ",".join(reversed(header.split(",")))
    sample = f"{turned},id\n.5,.5,0\n.5,.5,1\n"
    template = template_of(tmp_path, sample, ("1.png", "0.png"), ("cup", "star"))
    assert template.form.answers == tuple(header.split(","))
    assert submission_of(template, 2, [1, 0]) == f"{turned},id\n1,0,0\n0,1,1\n"
    assert template.notes[-1].endswith(note)


def test_numbers_for_classes_with_names_alone_go_by_rank_and_a_line_says_so(
    tmp_path: Path,
) -> None:
    template = template_of(tmp_path, "id,breed\n0,0\n1,0\n", ("0.jpg", "1.jpg"))
    assert submission_of(template, 3, [2, 1]) == "id,breed\n0,2\n1,1\n"
    assert template.notes[-1] == (
        "sample_submission.csv: it has numbers, the training images only class names: numbers go"
        " by the order of the sorted names (0 is 'affenpinscher', 1 is 'beagle', 2 is 'boxer')"
    )


@pytest.mark.parametrize(
    ("classes", "dummy", "submission"),
    [
        (("1", "10", "2"), "1", "10"),  # the rank of 10 is 1
        (("00", "01", "02"), "0", "1"),
        (("00", "01", "02"), "00", "01"),
    ],
)
def test_classes_whose_names_are_numbers_go_out_by_name(
    tmp_path: Path, classes: Sequence[str], dummy: str, submission: str
) -> None:
    sample = f"ID,image_path,target\n0,0.jpg,{dummy}\n"
    template = template_of(tmp_path, sample, ("0.jpg",), classes)
    row = submission_of(template, 3, [1]).splitlines()[1]
    assert row == f"0,0.jpg,{submission}"


def test_a_dummy_0_for_classes_called_1_to_3_is_a_line(tmp_path: Path) -> None:
    sample = "id,label\n0,0\n1,0\n"
    template = template_of(tmp_path, sample, ("0.jpg", "1.jpg"), ("1", "2", "3"))
    assert submission_of(template, 3, [2, 0]) == "id,label\n0,3\n1,1\n"
    assert template.notes[-1] == (
        "sample_submission.csv: label '0' is no class; names of classes go out, as '1'"
    )


def test_columns_c0_to_c2_for_classes_called_1_2_and_10_are_refused(
    tmp_path: Path,
) -> None:
    sample = "id,c0,c1,c2\n0,0,0,0\n"
    said = (
        r"'c1', which may be class '2' by size, or '10' by the order of text; name"
    )
    with pytest.raises(InputError, match=said):
        template_of(tmp_path, sample, ("0.jpg",), ("1", "10", "2"))
    template = template_of(tmp_path, sample, ("0.jpg",), ("1", "2", "3"))
    assert submission_of(template, 3, [1]) == "id,c0,c1,c2\n0,0,1,0\n"


@pytest.mark.parametrize(
    ("sample", "submission"),
    [
        ("id,label\n0,000\n1,000\n", "id,label\n0,000\n1,002\n"),
        ("id,label\n0,0\n1,0\n", "id,label\n0,2\n1,0\n"),
        (
            "id,000,001,002\n0,0,0,0\n1,0,0,0\n",
            "id,000,001,002\n0,1,0,0\n1,0,0,1\n",
        ),
        ("id,c0,c1,c2\n0,0,0,0\n1,0,0,0\n", "id,c0,c1,c2\n0,0,0,1\n1,1,0,0\n"),
    ],
)
def test_zeros_in_front_tell_names_from_the_numbers_of_train_csv(
    tmp_path: Path, sample: str, submission: str
) -> None:
    # The class 002 has the target 0, and 000 has 2.
    classes = ("002", "001", "000")
    template = template_of(
        tmp_path, sample, ("0.jpg", "1.jpg"), classes, numbered=True
    )
    assert submission_of(template, 3, [2, 0]) == submission


def test_names_go_out_in_the_normal_form_of_the_sample(tmp_path: Path) -> None:
    composed = "caf\u00e9"
    decomposed = "cafe\u0301"
    sample = f"id,label\n0,{composed}\n"
    template = template_of(tmp_path, sample, ("0.jpg",), (decomposed, "tea"))
    assert submission_of(template, 2, [0]) == sample


def test_of_two_classes_a_column_may_have_the_name_of_one(tmp_path: Path) -> None:
    share = template_of(
        tmp_path, "id,dog\n0,0.5\n1,0.5\n", ("0.jpg", "1.jpg"), ("dog", "wolf")
    )
    flag = template_of(
        tmp_path, "id,dog\n0,0\n1,0\n", ("0.jpg", "1.jpg"), ("dog", "wolf")
    )
    for template in (share, flag):
        assert submission_of(template, 2, [0, 1]) == "id,dog\n0,1\n1,0\n"


@pytest.mark.parametrize(
    "names",
    [
        ("x/a", "y/a"),
        ("test/x/a", "test/y/a"),
        ("x/a.JPG", "y/a.JPG"),
        ("/data/test/x/a.jpg", "/data/test/y/a.jpg"),
        ("x\\a.jpg", "y\\a.jpg"),
        ("X/A", "Y/A"),
    ],
)
def test_ids_may_be_paths_with_and_without_folders_and_suffixes(
    tmp_path: Path, names: Sequence[str]
) -> None:
    sample = f"id,breed\n{names[1]},boxer\n{names[0]},boxer\n"
    template = template_of(tmp_path, sample, ("x/a.jpg", "y/a.jpg"))
    assert template.rows["image_path"].tolist() == ["y/a.jpg", "x/a.jpg"]
    assert submission_of(template, 3, [1, 0]) == (
        f"id,breed\n{names[1]},beagle\n{names[0]},affenpinscher\n"
    )


def test_further_columns_stay_as_they_come_and_are_named(tmp_path: Path) -> None:
    sample = "id,label,Usage\n0,boxer,Public\n1,boxer,Private\n"
    template = template_of(tmp_path, sample, ("0.jpg", "1.jpg"))
    assert submission_of(template, 3, [1, 0]) == (
        "id,label,Usage\n0,beagle,Public\n1,affenpinscher,Private\n"
    )
    assert template.notes[0].endswith("as sample_submission.csv; Usage as it comes")


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("im{0},boxer", "im{0},beagle"),
        ("test/im{0}.jpg,boxer", "test/im{0}.jpg,beagle"),
    ],
)
def test_a_few_example_rows_show_the_form_of_all(
    tmp_path: Path, row: str, wanted: str
) -> None:
    tests = [f"im{number}.jpg" for number in range(30)]
    rows = "\n".join(row.format(number) for number in (4, 7, 5))
    template = template_of(tmp_path, f"id,breed\n{rows}\n", tests)
    lines = submission_of(template, 3, [1] * 30).splitlines()
    assert lines[1:] == [wanted.format(number) for number in range(30)]
    assert (
        "has 3 of the 30 test images: the submission will have all"
        in template.notes[1]
    )


def test_example_rows_may_count_the_images_but_nothing_else(tmp_path: Path) -> None:
    tests = [f"im{number}.jpg" for number in range(30)]
    counted = "ID,image_path,target\n5,im4.jpg,boxer\n3,im2.jpg,boxer\n"
    template = template_of(tmp_path, counted, tests)
    lines = submission_of(template, 3, [1] * 30).splitlines()
    assert lines[1] == "1,im0.jpg,beagle"
    assert lines[30] == "30,im29.jpg,beagle"
    with pytest.raises(
        InputError, match="or ID by one rule, received 2 rows, as '9'"
    ):
        template_of(tmp_path, counted.replace("\n5", "\n9"), tests)


@pytest.mark.parametrize(
    ("sample", "last"),
    [
        ("id,breed\nim4,boxer\n", "im29,beagle"),
        ("id,Usage,breed\nim4.jpg,Public,boxer\n", "im29.jpg,Public,beagle"),
        ("ID,image_path,target\n5,im4.jpg,boxer\n", "30,im29.jpg,beagle"),
        ("id,boxer,affenpinscher,beagle\nim4,0,0,0\n", "im29,0,0,1"),
    ],
)
def test_one_example_row_is_not_the_same_image_in_each_row(
    tmp_path: Path, sample: str, last: str
) -> None:
    tests = [f"im{number}.jpg" for number in range(30)]
    template = template_of(tmp_path, sample, tests)
    lines = submission_of(template, 3, [1] * 30).splitlines()
    assert len(set(lines)) == 31
    assert lines[30] == last


@pytest.mark.parametrize("column", ["uid", "row_id", "Id", "index", "image_no"])
def test_a_column_of_test_csv_says_which_image_is_meant(
    tmp_path: Path, column: str
) -> None:
    # Not the files 1.png and 2.png: test.csv has them the other way round.
    (tmp_path / USUAL).write_text(f"{column},breed\n1,boxer\n2,boxer\n")
    names = pd.DataFrame(
        {"image_path": ["1.png", "2.png"], column.lower(): ["2", "1"]}
    )
    classes = Classes(list(BREEDS), numbered=False)
    template = read_template(tmp_path, names, classes, AS_USUAL)
    assert list(template.rows["image_path"]) == ["2.png", "1.png"]
    assert submission_of(template, 3, [1, 0]) == (
        f"{column},breed\n1,beagle\n2,affenpinscher\n"
    )


def test_one_example_row_must_follow_a_rule(tmp_path: Path) -> None:
    tests = [f"im{number}.jpg" for number in range(30)]
    sample = "ID,image_path,target\n0,im4.jpg,boxer\n"
    with pytest.raises(InputError, match="or ID by one rule, received 1 rows, as"):
        template_of(tmp_path, sample, tests)


def test_many_rows_that_lack_some_are_no_examples(tmp_path: Path) -> None:
    tests = [f"im{number}.jpg" for number in range(30)]
    rows = "".join(f"im{number},boxer\n" for number in range(12))
    with pytest.raises(InputError, match=r"18 missing \(im12.jpg, im13.jpg, im14"):
        template_of(tmp_path, f"id,breed\n{rows}", tests)


@pytest.mark.parametrize(
    "name",
    ["sampleSubmission.csv", "Sample-Submission.CSV", "submission_format.csv"],
)
def test_the_sample_has_other_names_too_and_is_named(
    tmp_path: Path, name: str
) -> None:
    sample = "Id,Category\n0,boxer\n"
    template = template_of(tmp_path, sample, ("0.jpg",), name=name)
    assert template.notes[0].endswith(f", as {name}")


def test_of_two_samples_the_usual_name_counts_else_nobody_knows(
    tmp_path: Path,
) -> None:
    sample = "Id,Category\n0,boxer\n"
    (tmp_path / "sampleSubmission.csv").write_text(sample)
    (tmp_path / "submission_sample.csv").write_text("other\n")
    with pytest.raises(InputError, match="expected one sample of the submission"):
        read_template(
            tmp_path,
            pd.DataFrame({"image_path": ["0.jpg"]}),
            Classes(list(BREEDS), numbered=False),
            ColumnParams(),
        )
    template = template_of(tmp_path, sample, ("0.jpg",))
    assert template.notes[0] == (
        "sample_submission.csv is the sample,"
        " sampleSubmission.csv, submission_sample.csv is left out"
    )


def test_a_sample_without_test_images_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="none in the data source; add them as test/"
    ):
        template_of(tmp_path, "id,breed\n0,boxer\n", ())
    (tmp_path / USUAL).unlink()
    (tmp_path / USUAL).mkdir()
    with pytest.raises(InputError, match="expected a csv file, received a folder"):
        read_template(
            tmp_path,
            pd.DataFrame({"image_path": ["0.jpg"]}),
            Classes(list(BREEDS), numbered=False),
            ColumnParams(),
        )


def test_columns_with_names_of_their_own_can_be_said(tmp_path: Path) -> None:
    sample = "foo,bar,baz\n0,boxer,boxer\n1,boxer,boxer\n"
    said = ColumnParams(image="foo", label="bar")
    template = template_of(tmp_path, sample, ("1.png", "0.png"), columns=said)
    assert template.form.label == "bar"
    assert submission_of(template, 3, [1, 0]) == (
        "foo,bar,baz\n0,beagle,boxer\n1,affenpinscher,boxer\n"
    )


def test_numbers_that_train_csv_does_not_have_are_a_line(tmp_path: Path) -> None:
    tests = ("0.jpg", "1.jpg")
    sample = "image_path,target\n0.jpg,3\n1.jpg,1\n"
    template = template_of(tmp_path, sample, tests, numbered=True)
    assert template.notes[1] == (
        "sample_submission.csv: target 3 is no number from 0 to 2, as train.csv has them;"
        " those go out"
    )
    assert template.form.kind == "numbers"


def test_without_a_sample_classes_called_1_and_10_are_a_line(
    tmp_path: Path,
) -> None:
    names = pd.DataFrame({"image_path": ["0.jpg"]})
    classes = Classes(["1", "10", "2"], numbered=False)
    template = read_template(tmp_path, names, classes, ColumnParams())
    assert template.notes == [
        "there is no sample_submission.csv: target will count the classes from 0 in the order"
        " of their sorted names, so class '1' is 0"
    ]
    numbered = classes._replace(numbered=True)
    assert read_template(tmp_path, names, numbered, ColumnParams()).notes == []
