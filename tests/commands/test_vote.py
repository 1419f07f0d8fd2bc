"""`croquis vote`, as it is typed."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from croquis.commands.main import app
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
