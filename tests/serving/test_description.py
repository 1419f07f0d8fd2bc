"""What an exported model says of itself."""

from pathlib import Path

from croquis.serving.description import backbones, describe_model, weights_licences
from support.served import leave_run

SCORE = {
    "accuracy": 0.75,
    "accuracy_low": 0.7,
    "accuracy_high": 0.8,
    "log_loss": 1.2345,
}


def test_the_description_has_data_members_score_and_licences(drawn: Path) -> None:
    text = describe_model(leave_run(drawn), "drawn.zip", SCORE)
    assert text.splitlines() == [
        "Images in, probabilities of 3 classes out.",
        "Trained on `drawn.zip`: 2 members of 2 folds, soft vote.",
        "OOF accuracy .750 (95 % interval .700 .. .800), log-loss 1.234.",
        "",
        "| member | weight | temperature | backbone |",
        "|---|---|---|---|",
        "| head | 1 | 2.00 | test_efficientnet.r160_in1k |",
        "| small | 1 | 2.00 | test_efficientnet.r160_in1k |",
        "",
        "Licences of the weights it started from: test_efficientnet.r160_in1k apache-2.0.",
    ]


def test_a_pair_names_both_backbones_and_each_licence_once(drawn: Path) -> None:
    pair = ["test_efficientnet.r160_in1k", "test_vit.r160_in1k"]
    settings = leave_run(drawn, {"pair": {"backbone": pair, "epochs": 1}}).settings
    assert backbones(settings, "pair") == pair
    assert weights_licences(settings) == [
        "test_efficientnet.r160_in1k apache-2.0",
        "test_vit.r160_in1k apache-2.0",
    ]


def test_the_embedded_drawings_name_their_authors(drawn: Path) -> None:
    last = describe_model(leave_run(drawn), "icons", SCORE).splitlines()[-1]
    assert last.startswith(
        "Licences of the drawings it learned from: Codicons 0.0.36 by Microsoft"
    )
    assert "Remix Icon 2.5.0 by Remix Design, Apache-2.0." in last
