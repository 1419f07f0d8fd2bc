"""From a competition's sample to the file that is uploaded, with made-up predictions."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from croquis.submit.submission import submit, submit_lines
from croquis.tables.predictions import Predictions
from support.leftovers import stage
from support.prepared import files_in

CLASSES = ["beagle", "boxer", "pug"]
PROBS = np.array([[0.25, 0.5, 0.25], [0, 0.125, 0.875]])  # of b.jpg and a.jpg


@pytest.mark.parametrize(
    ("sample", "submission", "line"),
    [
        (
            "pug,id,boxer,beagle\n.3,a,.3,.3\n.3,b,.3,.3\n",
            "pug,id,boxer,beagle\n0.875,a,0.125,0\n0.25,b,0.5,0.25\n",
            "id and the probabilities of 3 classes",
        ),
        (
            "id,breed\nb,pug\na,pug\n",
            "id,breed\nb,boxer\na,pug\n",
            "id and breed (class names, as 'beagle')",
        ),
        (
            "image_path,target,ID\na.jpg,0,007\nb.jpg,0,003\n",
            "image_path,target,ID\na.jpg,2,007\nb.jpg,1,003\n",
            "image_path, ID and target (numbers from 0 to 2)",
        ),
    ],
)
def test_the_submission_is_the_sample_with_answers(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sample: str,
    submission: str,
    line: str,
) -> None:
    raw = tmp_path / "raw"
    images = [f"train/{name}/{number}" for name in CLASSES for number in (0, 1)]
    for number, name in enumerate([*images, "test/a", "test/b"]):
        path = raw / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * number, np.uint8)).save(path)
    (raw / "sampleSubmission.csv").write_text(sample)
    files = files_in(tmp_path)
    stage("prepare").main(raw=raw, **files)
    words = f"the submission will have {line}, as sampleSubmission.csv"
    assert f"prepare: {words}\n" in capsys.readouterr().out
    test = Predictions(
        np.array(["test/b.jpg", "test/a.jpg"]), PROBS, np.array(CLASSES)
    )
    test.save(tmp_path / "test.npz")
    estimate = tmp_path / "ensemble.json"
    estimate.write_text(
        '{"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75}'
    )
    made = submit(
        [],
        ensemble=tmp_path,
        votes=tmp_path,
        by_fold=tmp_path,
        sample=files["sample"],
        form=files["form"],
        solution=files["test_labels"],
        estimate=estimate,
        seed=0,
    )
    made.save(tmp_path / "submission.csv")
    assert (tmp_path / "submission.csv").read_text() == submission
    lines = submit_lines(made, Path("s.csv"))
    assert lines[0] == "submit: 2 rows in s.csv"
    zero = "submit: 1 row has a probability of 0, which log-loss punishes without limit"
    odd = (
        "submit: the sample asks for probabilities, beside metric: accuracy;"
        " perhaps metric=log_loss"
    )
    zeros = [zero] if "pug,id" in sample else []
    assert lines[1:] == zeros + ([odd] if "probabilities" in line else [])
