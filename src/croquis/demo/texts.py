"""The HTML of the page; Jinja escapes every name."""

import jinja2
import numpy as np

from croquis.core.text import counted
from croquis.demo.examples import SIDE, Examples, small
from croquis.demo.guesses import first_guesses, guesses, percent
from croquis.serving.inference import Answer, Ensemble
from croquis.serving.sheets import data_url
from croquis.votes.recipe import Recipe

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("croquis", "demo"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
ENVIRONMENT.filters["percent"] = percent
EMPTY = "The paper is still white: draw something, and the guesses come after each stroke."


def answer_html(
    answer: Answer, sheet: np.ndarray, names: np.ndarray, examples: Examples
) -> str:
    """The guesses for one image, best first.

    Args:
        answer: of that image alone.
        sheet: as prepared.
        names: (C,) of the classes, as they are shown.
        examples: of the classes.
    """
    best = guesses(answer, names)
    return ENVIRONMENT.get_template("guesses.html").render(
        guesses=best,
        first_guesses=first_guesses(answer, names),
        examples={guess.label: examples.of(guess.label) for guess in best},
        seen=data_url(small(sheet, SIDE)),
        side=len(sheet),
    )


def message(text: str, kind: str = "hint") -> str:
    """A sentence in place of guesses; `kind` is hint or problem."""
    template = ENVIRONMENT.from_string(
        '<div class="answer {{ kind }}" data-said="{{ text }}"><p>{{ text }}</p></div>'
    )
    return template.render(text=text, kind=kind)


def headline(ensemble: Ensemble) -> str:
    """What the page is for, and who guesses."""
    members = ensemble.recipe.members
    folds = ensemble.recipe.folds
    template = ENVIRONMENT.from_string(
        "<header><h1>croquis</h1><p>Draw one of {{ things }}. After each stroke {{ members }},"
        " each trained on {{ folds }}, say what it is.</p></header>"
    )
    return template.render(
        things=counted(len(ensemble.classes), "thing"),
        members=counted(len(members), "member"),
        folds=counted(len(folds), "fold"),
    )


def meaning(recipe: Recipe) -> str:
    """What the percentages are, and why the whole may be surer than its members."""
    if recipe.temperature == 1 and set(recipe.temperatures.values()) == {1.0}:
        return '<p class="meaning">Percentages are the networks\' own: nothing was calibrated.</p>'
    template = ENVIRONMENT.from_string(
        '<p class="meaning">Percentages were calibrated on single models, each on images that it'
        " had never seen; here {{ folds }} of each member vote, and the vote has a temperature of"
        " its own, so the whole may be surer than its members. How far off that is: <i>ece</i> in"
        " <code>metrics/submission.json</code>, where the test set's solution is known.</p>"
    )
    return template.render(folds=counted(len(recipe.folds), "fold"))


def class_list(names: np.ndarray) -> str:
    """All class names, folded away."""
    template = ENVIRONMENT.from_string(
        '<details class="classes"><summary>All it knows</summary><p>{{ names }}</p></details>'
    )
    return template.render(names=", ".join(sorted(names.tolist())))
