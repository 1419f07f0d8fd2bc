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


class Say(NamedTuple):
    """A member's own first guess."""

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


def says(answer: Answer, names: np.ndarray, row: int = 0) -> list[Say]:
    """What each member alone would guess for image `row`."""
    first = int(answer.probs[row].argmax())
    found = []
    for member, probs in answer.members.items():
        label = int(probs[row].argmax())
        say = Say(member, str(names[label]), float(probs[row, label]), label == first)
        found.append(say)
    return found


def as_json(answer: Answer, names: np.ndarray) -> dict[str, Any]:
    """The answer of the page's API, for one image."""
    return {
        "guesses": [
            {"class": g.name, "probability": round(g.probability, 6)}
            | {"members": {member: round(p, 6) for member, p in g.members.items()}}
            for g in guesses(answer, names)
        ],
        "members": {
            say.member: {"class": say.name, "probability": round(say.probability, 6)}
            for say in says(answer, names)
        },
    }


def percent(probability: float) -> str:
    """A probability for people: 81 %, <1 %, >99 %; never a certainty."""
    if probability < 0.01:
        return "<1 %"
    return ">99 %" if probability > 0.99 else f"{100 * probability:.0f} %"
