"""What the ensemble says of one image, in the words and numbers of the page and of its API."""

from typing import Any, NamedTuple

import numpy as np

from croquis.serving.inference import Answer

TOP = 5


class Guess(NamedTuple):
    """One class, and how probable it is to the ensemble and to each member."""

    label: int
    name: str
    probability: float
    members: dict[str, float]


class FirstGuess(NamedTuple):
    """A member's first guess."""

    member: str
    name: str
    probability: float
    agrees: bool  # with the ensemble


def guesses(answer: Answer, names: np.ndarray, row: int = 0) -> list[Guess]:
    """The most probable classes of image `row`, the first first; ties go to the lowest class.

    Args:
        answer: of some images.
        names: (C,) of the classes, as they are shown.
        row: which image.
    """
    order = np.argsort(-answer.probs[row], kind="stable")[:TOP]
    return [
        Guess(
            int(label),
            str(names[label]),
            float(answer.probs[row, label]),
            {
                member: float(probs[row, label])
                for member, probs in answer.members.items()
            },
        )
        for label in order
    ]


def first_guesses(
    answer: Answer, names: np.ndarray, row: int = 0
) -> list[FirstGuess]:
    """What each member alone would guess for image `row`."""
    of_ensemble = int(answer.probs[row].argmax())
    guesses = []
    for member, probs in answer.members.items():
        label = int(probs[row].argmax())
        guesses.append(
            FirstGuess(
                member=member,
                name=str(names[label]),
                probability=float(probs[row, label]),
                agrees=label == of_ensemble,
            )
        )
    return guesses


def as_json(answer: Answer, names: np.ndarray) -> dict[str, Any]:
    """The answer of the page's API, for one image."""
    return {
        "guesses": [
            {
                "class": guess.name,
                "probability": round(guess.probability, 6),
                "members": {
                    member: round(probability, 6)
                    for member, probability in guess.members.items()
                },
            }
            for guess in guesses(answer, names)
        ],
        "members": {
            first.member: {
                "class": first.name,
                "probability": round(first.probability, 6),
            }
            for first in first_guesses(answer, names)
        },
    }


def percent(probability: float) -> str:
    """A probability for people: 81 %, <1 %, >99 %; never a certainty."""
    if probability < 0.01:
        return "<1 %"
    return ">99 %" if probability > 0.99 else f"{100 * probability:.0f} %"
