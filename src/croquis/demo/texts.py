"""The HTML of the page; Jinja escapes every name."""

import jinja2
import numpy as np

from croquis.demo.examples import SIDE, Examples, small
from croquis.demo.guesses import guesses, percent, says
from croquis.inference import Answer, Ensemble
from croquis.report.wording import counted
from croquis.serving.sheets import data_url

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("croquis", "demo"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
ENVIRONMENT.filters["percent"] = percent
EMPTY = "The paper is still white: draw something, and the guesses come after each stroke."


def answered(answer: Answer, sheet: np.ndarray, names: np.ndarray, examples: Examples) -> str:
    """The guesses for one picture, best first.

    Args:
        answer: of that picture alone.
        sheet: as prepared.
        names: (C,) of the classes, as they are shown.
        examples: of the classes.
    """
    found = guesses(answer, names)
    return ENVIRONMENT.get_template("guesses.html").render(
        guesses=found,
        says=says(answer, names),
        examples={guess.label: examples.of(guess.label) for guess in found},
        seen=data_url(small(sheet, SIDE)),
        side=len(sheet),
    )


def message(text: str, kind: str = "hint") -> str:
    """A sentence in place of guesses; `kind` is hint or problem."""
    template = ENVIRONMENT.from_string('<div class="answer {{ kind }}"><p>{{ text }}</p></div>')
    return template.render(text=text, kind=kind)


def headline(ensemble: Ensemble) -> str:
    """What the page is for, and who guesses."""
    members, folds = ensemble.recipe.members, ensemble.recipe.folds
    template = ENVIRONMENT.from_string(
        "<header><h1>croquis</h1><p>Draw one of {{ things }}. After each stroke {{ members }},"
        " each trained on {{ folds }}, say what it is.</p></header>"
    )
    return template.render(
        things=counted(len(ensemble.classes), "thing"),
        members=counted(len(members), "member"),
        folds=counted(len(folds), "fold"),
    )


def known(names: np.ndarray) -> str:
    """All class names, folded away."""
    template = ENVIRONMENT.from_string(
        '<details class="known"><summary>All it knows</summary><p>{{ names }}</p></details>'
    )
    return template.render(names=", ".join(sorted(names.tolist())))
