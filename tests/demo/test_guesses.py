"""The words and numbers of the page."""

import json

import numpy as np
import pytest

from croquis.demo.guesses import as_json, first_guesses, guesses, percent
from croquis.serving.inference import Answer

NAMES = np.array(["bar", "cup", "pole", "spot", "star", "tree"])
ANSWER = Answer(
    probs=np.array([[0.1, 0.4, 0.05, 0.3, 0.1, 0.05]]),
    members={
        "a": np.array([[0.0, 0.5, 0.0, 0.5, 0.0, 0.0]]),
        "b": np.array([[0.2, 0.1, 0.1, 0.6, 0.0, 0.0]]),
    },
)


def test_the_five_most_probable_come_first_and_ties_go_to_the_lowest_class() -> (
    None
):
    best = guesses(ANSWER, NAMES)
    assert [guess.name for guess in best] == ["cup", "spot", "bar", "star", "pole"]
    assert best[1] == (3, "spot", 0.3, {"a": 0.5, "b": 0.6})


def test_few_classes_are_all_guessed() -> None:
    answer = Answer(np.array([[0.25, 0.75]]), {})
    assert [guess.name for guess in guesses(answer, NAMES[:2])] == ["cup", "bar"]


def test_each_member_says_its_own_first_guess() -> None:
    assert first_guesses(ANSWER, NAMES) == [
        ("a", "cup", 0.5, True),
        ("b", "spot", 0.6, False),
    ]


def test_the_api_gives_plain_json() -> None:
    answer = json.loads(json.dumps(as_json(ANSWER, NAMES)))
    first = {"class": "cup", "probability": 0.4, "members": {"a": 0.5, "b": 0.1}}
    assert answer["guesses"][0] == first and len(answer["guesses"]) == 5
    assert answer["members"]["b"] == {"class": "spot", "probability": 0.6}


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.806, "81 %"),
        (0.99, "99 %"),
        (0.991, ">99 %"),
        (1.0, ">99 %"),
    ],
)
def test_no_percentage_claims_certainty(probability: float, text: str) -> None:
    assert percent(probability) == text
