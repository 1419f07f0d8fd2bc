"""`croquis vote`, as it is typed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
from croquis.dataset.submission_form import SubmissionForm
from croquis.tables.predictions import Predictions

SAMPLE = "ID,image_path,target\n007,b.png,0\n008,a.png,0\n009,c.png,0\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a sample and three files on three images, each in another order."""
    monkeypatch.chdir(tmp_path)
    Path("sample.csv").write_text(SAMPLE)
    Path("hard.csv").write_text(
        "ID,image_path,target\n0,a.png,1\n1,b.png,2\n2,c.png,0\n"
    )
    probs = np.array(
        [[0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.0, 0.5, 0.5]]
    )  # of c, a, b
    ids = np.array(["test/c.png", "test/a.png", "test/b.png"])
    Predictions(ids, probs, np.array(["x", "y", "z"])).save(Path("ours.npz"))
    np.save("rows.npy", probs[[2, 1, 0]])  # in the order of the sample
    return tmp_path


def ran(command: str, *, fails: bool = False) -> str:
    done = CliRunner().invoke(app, command.split())
    assert (done.exit_code == 1) == fails, done.output
    return done.output.strip()


def test_files_of_all_kinds_vote_by_image_into_the_sample(folder: Path) -> None:
    said = ran(
        "vote --method hard hard.csv ours.npz rows.npy --sample sample.csv --out s.csv"
    )
    # b: 2 against 1 and 1 (torn between 1 and 2); a: 1; c: 0 against 2 and 2.
    assert Path("s.csv").read_text() == (
        "ID,image_path,target\n007,b.png,1\n008,a.png,1\n009,c.png,2\n"
    )
    assert said.splitlines() == [
        "hard.csv: labels, .333 as the vote",
        "ours.npz: probabilities of 3 classes, 1.000 as the vote",
        "rows.npy: probabilities of 3 classes, 1.000 as the vote",
        "hard vote of 3 files on 3 images; 0 ties went to the lowest class",
        "submission  s.csv",
    ]


def test_without_a_sample_the_first_file_gives_the_rows(folder: Path) -> None:
    said = ran("vote --method hard hard.csv ours.npz --weights 1,3 --out s.csv")
    assert Path("s.csv").read_text() == (
        "ID,image_path,target\n0,a.png,1\n1,b.png,1\n2,c.png,2\n"
    )
    assert said.splitlines() == [
        "hard.csv: labels, .333 as the vote",
        "ours.npz: probabilities of 3 classes, 1.000 as the vote",
        "hard vote of 2 files on 3 images; 0 ties went to the lowest class",
        "submission  s.csv",
    ]


def test_ties_are_printed_and_weights_break_them(folder: Path) -> None:
    command = "vote --method hard hard.csv ours.npz --sample sample.csv --out s.csv"
    assert "; 2 ties went to the lowest class" in ran(command)
    assert "; 0 ties went to the lowest class" in ran(
        f"{command} --weights 2,1 --force"
    )


def test_rows_of_an_npy_may_be_in_the_order_of_another_csv(folder: Path) -> None:
    ran("vote --method soft rows.npy --sample sample.csv --out one.csv")
    Path("order.csv").write_text("image_path\nc.png\na.png\nb.png\n")
    np.save("rows.npy", np.load("rows.npy")[::-1])
    ran(
        "vote --method soft rows.npy --ids order.csv --sample sample.csv --out two.csv"
    )
    assert Path("two.csv").read_text() == Path("one.csv").read_text()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "hard.csv --method soft",
            "hard.csv: expected probabilities for a soft vote",
        ),
        ("rows.npy --method soft", "neither --sample nor --ids; add --sample"),
        (
            "hard.csv ours.npz --method hard --weights 1",
            "--weights: expected 2 numbers >= 0",
        ),
        (
            "hard.csv --method hard --weights x",
            "--weights: expected 1 numbers >= 0",
        ),
        (
            "hard.csv ours.npz --method hard --weights 0,0",
            "say --weights 1,1, or leave it out",
        ),
        (
            f"hard.csv ours.npz --method hard --weights 1,{'9' * 400}",
            "--weights: expected 2 num",
        ),
        (
            "1 hard.csv ours.npz --method hard --weights 2",
            "before 1; say --weights 2,1",
        ),
        (
            "hard.csv nope.csv --method hard",
            "nope.csv: expected a file of predictions",
        ),
        (
            "hard.csv --method hard --sample nope.csv",
            "nope.csv: No such file or directory",
        ),
        (
            "hard.csv --method hard --sample few.csv",
            "expected the 1 images of few.csv",
        ),
        (
            "rows.npy --method soft --ids hard.npz.csv",
            "expected a column image_path, received",
        ),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    folder: Path, command: str, message: str
) -> None:
    Path("few.csv").write_text("ID,image_path,target\n0,a.png,0\n")
    Path("hard.npz.csv").write_text("name\na.png\n")
    said = ran(f"vote {command} --out s.csv", fails=True)
    assert said.startswith("error: ") and message in said and "\n" not in said
    assert not Path("s.csv").exists()


def test_the_rows_of_the_sample_are_read_once(folder: Path) -> None:
    """R writes an index without a name: one reader left it out, the other one shifted all cells."""
    ours = "vote --method hard hard.csv ours.npz --out"
    ran(f"{ours} s.csv --sample sample.csv")
    rows = SAMPLE.splitlines()
    Path("r.csv").write_text(
        "\n".join([rows[0], *(f"{n},{row}" for n, row in enumerate(rows[1:]))])
    )
    said = ran(f"{ours} t.csv --sample r.csv")
    assert Path("t.csv").read_text() == Path("s.csv").read_text()
    assert said.startswith("r.csv: an index column without a name was left out")


def test_no_file_that_votes_is_written_over(folder: Path) -> None:
    said = ran("vote --method hard hard.csv --out ./hard.csv", fails=True)
    assert (
        "--out: expected a new file, received one of the files that are read"
        in said
    )


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_that_exists_is_replaced_only_on_request(
    folder: Path, is_link: bool
) -> None:
    if is_link:
        Path("mine.csv").symlink_to("nowhere.csv")
    else:
        Path("mine.csv").write_text("mine")
    command = "vote --method hard hard.csv --out mine.csv"
    assert ran(command, fails=True) == (
        "error: mine.csv: expected a new file, received one that exists;"
        " name another one with --out, or add --force"
    )
    assert is_link or Path("mine.csv").read_text() == "mine"
    ran(f"{command} --force")
    assert Path("mine.csv").read_text().startswith("ID,image_path,target")


def test_neither_a_folder_nor_a_file_that_votes_is_replaced_on_request(
    folder: Path,
) -> None:
    Path("mine").mkdir()
    command = "vote --method hard hard.csv --force --out"
    assert "received a folder; name another one with --out" in ran(
        f"{command} mine", fails=True
    )
    said = ran(f"{command} ./hard.csv", fails=True)
    assert "received one of the files that are read" in said
    assert Path("mine").is_dir()


VOTE_CASES = {
    "a.csv": "ID,image_path,target\n0,0.png,0\n1,1.png,1\n2,2.png,2\n3,3.png,0\n",
    "from1.csv": "image_path,target\n0.png,1\n1.png,2\n2.png,3\n3.png,1\n",
    "names.csv": "image_path,target\n0.png,cup\n1.png,star\n2.png,tree\n3.png,cup\n",
    "turned.csv": "label,id\nstar,3\ntree,2\nstar,1\ncup,0\n",
    "semi.csv": "ID;image_path;target\n0;0.png;0\n1;1.png;1\n2;2.png;2\n3;3.png;0\n",
    "wide.csv": "id,tree,cup,star\n3,0,.5,.5\n2,1,0,0\n1,0,.5,.5\n0,0,1,0\n",
    "digits.csv": "image_path,0,1,2\n0.png,1,0,0\n1.png,0,1,0\n2.png,0,0,1\n3.png,0,1,0\n",
    "share.csv": "id,label\n0,.9\n1,.2\n2,.6\n3,.1\n",
    "other.csv": "id,label\n0,.5\n1,.4\n2,.2\n3,.1\n",
    "breeds.csv": "id,star,tree,cup\n1,.3,.3,.3\n0,.3,.3,.3\n2,.3,.3,.3\n3,.3,.3,.3\n",
    "dummy.csv": "id,label\n0,cup\n1,star\n2,tree\n3,cup\n",
    "redux.csv": "id,label\n3,0.5\n2,0.5\n1,0.5\n0,0.5\n",
    "train.csv": "image_path,class_name,target\na,star,1\nb,cup,0\nc,tree,2\nd,cup,0\n",
    "mixed.csv": "image_path,target\n0.png,0\n1.png,star\n2.png,2\n3.png,0\n",
    "c.csv": "id,c0,c1,c2\n3,0,0,1\n2,0,0,1\n1,0,0,1\n0,0,0,1\n",
    "gap.csv": "id,label\n0,cup\n1,\n2,tree\n3,cup\n",
    "strange.csv": "Test_Id,Answer\n0,0\n1,1\n",
    "few.csv": "image_path,target\n0.png,0\n1.png,1\n9.png,2\n",
}


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in VOTE_CASES.items():
        Path(name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "submission"),
    [
        # The first file's own columns, as it names classes.
        (
            "names.csv --classes cup,star,tree",
            "image_path,target\n0.png,cup\n1.png,star\n2.png,tree\n3.png,cup\n",
        ),
        (
            "turned.csv names.csv --classes train.csv",
            "label,id\ncup,3\ntree,2\nstar,1\ncup,0\n",
        ),
        (
            "a.csv names.csv turned.csv --classes train.csv",
            "ID,image_path,target\n0,0.png,0\n1,1.png,1\n2,2.png,2\n3,3.png,0\n",
        ),
        # The sample's columns.
        (
            "names.csv turned.csv turned.csv --sample dummy.csv",
            "id,label\n0,cup\n1,star\n2,tree\n3,star\n",
        ),
        (
            "names.csv wide.csv --sample breeds.csv",
            "id,star,tree,cup\n1,0.5,0,0.5\n0,0,0,1\n2,0,1,0\n3,0,0,1\n",
        ),
        (
            "digits.csv a.csv --sample breeds.csv --classes cup,star,tree",
            "id,star,tree,cup\n1,1,0,0\n0,0,0,1\n2,0,1,0\n3,0.5,0,0.5\n",
        ),
        (
            "semi.csv a.csv",
            "ID,image_path,target\n0,0.png,0\n1,1.png,1\n2,2.png,2\n3,3.png,0\n",
        ),
    ],
)
def test_class_names_and_other_columns_vote(
    cases: Path, command: str, submission: str
) -> None:
    ran(f"vote --method hard {command} --out s.csv")
    assert Path("s.csv").read_text() == submission


def test_probabilities_of_class_names_vote_softly_into_the_samples_columns(
    cases: Path,
) -> None:
    said = ran("vote --method soft wide.csv --sample breeds.csv --out s.csv")
    assert Path("s.csv").read_text() == (
        "id,star,tree,cup\n1,0.5,0,0.5\n0,0,0,1\n2,0,1,0\n3,0.5,0,0.5\n"
    )
    assert "wide.csv: probabilities of 3 classes" in said


def test_one_probability_of_two_classes_votes_where_the_sample_has_it(
    cases: Path,
) -> None:
    ran("vote --method soft share.csv other.csv --sample redux.csv --out s.csv")
    assert Path("s.csv").read_text() == "id,label\n3,0.1\n2,0.4\n1,0.3\n0,0.7\n"


@pytest.mark.parametrize(
    ("sample", "method", "submission"),
    [
        ("id,cat\n1,0.5\n0,0.5\n", "soft", "id,cat\n1,0.875\n0,0.25\n"),
        ("id,dog\n1,0.5\n0,0.5\n", "soft", "id,dog\n1,0.125\n0,0.75\n"),
        ("id,cat\n1,0\n0,0\n", "hard", "id,cat\n1,1\n0,0\n"),
        ("id,dog\n1,0\n0,0\n", "hard", "id,dog\n1,0\n0,1\n"),
    ],
)
def test_a_column_called_after_one_of_two_classes_is_of_that_class(
    cases: Path, sample: str, method: str, submission: str
) -> None:
    ids = np.array(["test/0.png", "test/1.png"])
    probs = np.array([[0.25, 0.75], [0.875, 0.125]])
    Predictions(ids, probs, np.array(["cat", "dog"])).save(Path("ours.npz"))
    Path("two.csv").write_text(sample)
    # What went out goes in again, and says the same.
    ran(f"vote --method {method} ours.npz --sample two.csv --out s.csv")
    ran(f"vote --method {method} s.csv ours.npz --sample two.csv --out again.csv")
    assert Path("s.csv").read_text() == submission
    assert Path("again.csv").read_text() == submission


@pytest.mark.parametrize(
    ("form", "submission"),
    [
        (
            {"kind": "names", "label": "breed", "columns": ("id", "breed"),
             "answers": ("cup", "star", "tree")},
            "id,breed\n3,tree\n0,cup\n",
        ),
        (
            {"kind": "probabilities", "label": "", "columns": ("id", "s", "t", "c"),
             "answers": ("c", "s", "t")},
            "id,s,t,c\n3,0,1,0\n0,0,0,1\n",
        ),
        ({"label": "breed", "columns": ("id", "breed")}, "id,breed\n3,2\n0,0\n"),
    ],
)  # fmt: skip
def test_the_template_of_prepare_is_filled_as_submit_fills_it(
    cases: Path, form: dict[str, object], submission: str
) -> None:
    wanted = SubmissionForm.model_validate({"image": "image_path"} | form)
    Path("submission_form.json").write_text(wanted.model_dump_json())
    columns = dict.fromkeys([*wanted.columns, *filter(None, wanted.answers)], "0")
    template = pd.DataFrame({"image_path": ["3.png", "0.png"]} | columns)
    template["id"] = ["3", "0"]
    template[["image_path", *wanted.columns]].to_csv(
        "sample_submission.csv", index=False
    )
    Path("two.csv").write_text("image_path,0,1,2\n0.png,1,0,0\n3.png,0,0,1\n")
    ran(
        "vote --method hard two.csv --sample sample_submission.csv --out s.csv"
        + " --classes cup,star,tree" * (wanted.kind != "probabilities")
    )
    assert Path("s.csv").read_text() == submission


def test_ids_with_and_without_a_suffix_are_one_and_a_line_says_so(
    cases: Path,
) -> None:
    said = ran(
        "vote --method hard names.csv turned.csv --sample dummy.csv --out s.csv"
    )
    assert said.splitlines()[0] == "names.csv: '0.png' is read as '0'"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "from1.csv",
            "from1.csv: expected labels that count from 0, received 1 to 3, and no 0;"
            " subtract 1 from each; if no image is of class 0, say the classes by --classes",
        ),
        (
            "a.csv from1.csv",
            "from1.csv: expected labels that count from 0, received 1",
        ),
        (
            "from1.csv digits.csv",
            "from1.csv: expected labels that count from 0 to 2, received 1 to 3, and no 0;"
            " subtract 1 from each",
        ),
        (
            "from1.csv --classes cup,star,tree",
            "labels that count from 0 to 2, received 1 to 3, and no 0; subtract 1",
        ),
        (
            "names.csv",
            "names.csv: expected labels 0, 1, 2 ..., or class names that are known, received"
            " 'cup' of 0.png; say the names by --classes train.csv",
        ),
        (
            "names.csv --classes cup,star,trees",
            "class names of --classes, received 1 others, as 'tree' of 2.png; did you mean 'trees'",
        ),
        (
            "a.csv --sample dummy.csv",
            "a.csv: expected class names, as the sample has them, received numbers; say",
        ),
        (
            "digits.csv --sample breeds.csv",
            "digits.csv: expected class names, as breeds.csv has them, received numbers",
        ),
        (
            "mixed.csv --classes train.csv",
            "mixed.csv: expected labels 0, 1, 2 ..., or class names in all rows, received"
            " 1 others, as 'star' of 1.png; write the number of the class into each row",
        ),
        (
            "wide.csv",
            "received columns id, tree, cup, star; say the names of its classes by --classes",
        ),
        (
            "wide.csv --classes a,b,c",
            "tree, cup, star; call its columns as the classes of --classes, or 0, 1, 2 ...",
        ),
        (
            "wide.csv c.csv --sample breeds.csv",
            "c.csv: expected class names, as breeds.csv has them, received numbers; say",
        ),
        (
            "gap.csv --classes train.csv",
            "gap.csv: expected class names of --classes, received 1 others, as '' of 1",
        ),
        (
            "strange.csv",
            "received columns Test_Id, Answer; name them in its first line, which may be"
            " missing, or give a --sample with them",
        ),
        (
            "digits.csv --classes cup,star",
            "digits.csv: expected the 2 classes of --classes, received 3",
        ),
        (
            "a.csv few.csv",
            "few.csv: expected the 4 images of a.csv, received 3 (missing 2, as 2.png;"
            " 1 too many): without 2.png, 3.png and with 9.png; vote over files of one",
        ),
        (
            "share.csv",
            "as 0.9 of 0; write the number of the class into each row, or give",
        ),
        (
            "a.csv --classes cup",
            "--classes: expected the names of two classes or more",
        ),
        ("a.csv --classes cup,cup", "each once, received 'cup' twice"),
        ("a.csv --classes few.csv", "few.csv: expected a column of class names"),
    ],
)
def test_what_nobody_can_know_is_one_line_with_the_fix(
    cases: Path, command: str, message: str
) -> None:
    said = ran(f"vote --method hard {command} --out s.csv", fails=True)
    assert said.startswith("error: ") and message in said and "\n" not in said
    assert not Path("s.csv").exists()


def test_names_of_croquis_own_predictions_are_known(cases: Path) -> None:
    ids = np.array(["test/0.png", "test/1.png", "test/2.png", "test/3.png"])
    classes = np.array(["cup", "star", "tree"])
    Predictions(ids, np.eye(3)[[0, 1, 2, 1]], classes).save(Path("ours.npz"))
    ran("vote --method hard names.csv turned.csv ours.npz --out s.csv")
    assert Path("s.csv").read_text().splitlines()[4] == "3.png,star"
    said = ran(
        "vote --method hard ours.npz --classes tree,star,cup --out t.csv",
        fails=True,
    )
    assert "ours.npz: expected the class names of --classes, in their order" in said
