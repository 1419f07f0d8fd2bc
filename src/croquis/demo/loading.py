"""What `croquis demo` says at once: what it then loads takes seconds."""

from pathlib import Path

from croquis.votes.recipe import Recipe


def loading_line(path: Path) -> str:
    """The line before anything is loaded, from the recipe of an ensemble."""
    recipe = Recipe.load(path)
    members = sum(weight > 0 for weight in recipe.weights.values())
    folds = len(recipe.folds)
    return f"demo: loading {members} members x {folds} folds ..."
