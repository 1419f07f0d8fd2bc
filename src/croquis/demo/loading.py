"""What `croquis demo` says at once: what it then loads takes seconds."""

from pathlib import Path

from croquis.votes.recipe import Recipe


def loading(recipe: Path) -> str:
    """The line before anything is loaded, from the recipe of an ensemble."""
    found = Recipe.load(recipe)
    members = sum(weight > 0 for weight in found.weights.values())
    folds = len(found.folds)
    return f"demo: loading {members} members x {folds} folds ..."
