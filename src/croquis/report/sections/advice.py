"""What to try next: rules that look at the run's figures, each with the command that tries it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd

from croquis.core.text import counted, gain, odds, share
from croquis.report.inputs import Data, RunOutcome
from croquis.report.sections import copies
from croquis.report.sections.augmentations import preset, uses
from croquis.scoring.paired import is_significant

SHOWN = 6
RISING = 0.01  # of accuracy in the last epoch: the training was still under way
SOURED = 1.03  # val loss of the last epoch over its lowest: the training was too long or too bare
COPIED = (
    0.3  # share of images with a copy from which their weight in the loss may matter
)
SETTINGS = {  # what makes a vote of votes.csv the one that counts
    "soft": "ensemble.vote=soft",
    "hard": "ensemble.vote=hard",
    "greedy": "ensemble.weights=greedy",
    "simplex": "ensemble.weights=simplex",
}


class Advice(NamedTuple):
    """A figure of the run and what it suggests, and the command that tries it."""

    why: str
    command: str


@dataclass(frozen=True)
class Findings:
    """All that the rules look at."""

    data: Data
    outcome: RunOutcome
    metrics: dict[str, Any]


def advice(findings: Findings) -> list[Advice]:
    """The first SHOWN that apply, what spoils the score before what might raise it."""
    return [one for rule in RULES for one in rule(findings)][:SHOWN]


def _leak(found: Findings) -> Iterator[Advice]:
    if leaking := copies.leaking(found.data.folds):
        why = f"{counted(leaking, 'scored image has', 'scored images have')} a copy in training"
        yield Advice(f"{why}: the score is too kind.", _experiment("split.group=true"))


def _folds(found: Findings) -> Iterator[Advice]:
    every = range(int(found.data.folds["fold"].max()) + 1)
    folds = found.outcome.run.folds
    if len(folds) < len(every):
        why = (
            f"Only {counted(len(folds), 'fold')} of {len(every)} ran: "
            "the others narrow the interval, and each votes."
        )
        yield Advice(why, _experiment(f"run.folds={list(every)}"))


def _vote(found: Findings) -> Iterator[Advice]:
    votes = found.outcome.book.votes
    better = votes[(votes["difference"] > 0) & ~votes["chosen"].astype(bool)]
    better = better[better["vote"].isin(SETTINGS)].sort_values(
        "difference", ascending=False
    )
    groups = found.data.units_of(found.outcome.oof.ids)
    # As the stage ensemble asks before it takes fitted weights: else it would decline them.
    sure = (
        row
        for row in better.itertuples()
        if is_significant(row.p, (row.difference_low, row.difference_high), groups)
    )
    for row in islice(sure, 1):
        yield Advice(
            f"The {row.vote} vote is {gain(row.difference)} better on the same images, "
            f"weights fitted on others (p {odds(row.p)}).",
            _experiment(SETTINGS[row.vote]),
        )


def _longer(found: Findings) -> Iterator[Advice]:
    for member, means in _means(found):
        recipe = found.outcome.settings.models.get(member)
        rise = means["val_accuracy"].diff().iloc[-1] if len(means) > 1 else 0.0
        if recipe is not None and rise > RISING:
            why = (
                f"{member} still gained {gain(rise)} of accuracy in its last epoch: "
                "twice as many may pay."
            )
            yield Advice(
                why, _experiment(f"++models.{member}.epochs={2 * recipe.epochs}")
            )


def _soured(found: Findings) -> Iterator[Advice]:
    for member, means in _means(found):
        recipe = found.outcome.settings.models.get(member)
        lowest = means["val_loss"].min()
        last = means["val_loss"].iloc[-1]
        strong = recipe and "strong" in {preset(use.augment) for use in uses(recipe)}
        if recipe is not None and not strong and last > SOURED * lowest:
            why = (
                f"{member}'s loss on the fold held out rose from {share(lowest)} to {share(last)}: "
                "it learns by heart. Stronger augmentation may help."
            )
            yield Advice(why, _experiment(f"++models.{member}.augment=strong"))


def _larger(found: Findings) -> Iterator[Advice]:
    recipes = found.outcome.settings.models
    scores = found.outcome.book.members.set_index("member")
    known = [key for key in recipes if key in scores.index]
    if not known:
        return
    best = max(sorted(known), key=lambda key: scores.loc[key, "accuracy"])
    size = recipes[best].image_size
    stored = found.data.pixels.array.shape[1]
    came = found.data.index[["width", "height"]].max(axis=1).median()
    if size < stored:
        why = f"The best model sees {size} px of the {stored} that are stored."
        yield Advice(why, _experiment(f"++models.{best}.image_size={stored}"))
    elif came >= 1.5 * stored:
        larger = int(min(1.5 * stored, came)) // 16 * 16
        why = (
            f"Half of the images came with {came:.0f} px or more, {stored} are stored."
        )
        settings = (
            f"prepare.image_size={larger}",
            f"++models.{best}.image_size={larger}",
        )
        yield Advice(why, _experiment(*settings))


def _fewer(found: Findings) -> Iterator[Advice]:
    gains = found.outcome.book.gains
    top = gains.loc[gains["accuracy"].idxmax()]
    if top["step"] < len(gains):
        chosen = sorted(gains.loc[gains["step"] <= top["step"], "member"])
        lost = top["accuracy"] - gains["accuracy"].iloc[-1]
        why = (
            f"{' and '.join(chosen)} without the rest: {gain(lost)} on these images. "
            "They chose it, too, so believe a part of that only."
        )
        yield Advice(why, _experiment(f"ensemble.members=[{','.join(chosen)}]"))


def _conflicts(found: Findings) -> Iterator[Advice]:
    count = found.metrics["dedup"].get("conflicts", 0)
    dropped = found.metrics["dedup"].get("dropped", 0)
    if count and not dropped:
        why = (
            f"{counted(count, 'group has', 'groups have')} several labels. "
            "Judge them on their page, or let the majority decide."
        )
        yield Advice(why, _experiment("dedup.conflicts=drop_minority"))


def _weights(found: Findings) -> Iterator[Advice]:
    images, _ = copies.in_groups(found.data.groups)
    part = images / max(len(found.data.groups), 1)
    recipes = found.outcome.settings.models.values()
    if (
        part > COPIED
        and recipes
        and not any(recipe.group_weights for recipe in recipes)
    ):
        why = (
            f"{part:.0%} of the images have a copy: "
            "what was copied often weighs most in training."
        )
        yield Advice(why, _experiment("train.group_weights=true"))


def _probe(found: Findings) -> Iterator[Advice]:
    if not found.outcome.run.probes:
        crossing = found.metrics["split"].get("plain_twins")
        claim = ", and shows what plain folds would claim" if crossing else ""
        why = f"No probe runs: one takes seconds a fold, and errs otherwise{claim}."
        yield Advice(why, _experiment("run.probes=[lite0_probe]"))


# What spoils the score comes first.
RULES: tuple[Callable[[Findings], Iterator[Advice]], ...] = (
    _leak,
    _folds,
    _vote,
    _longer,
    _soured,
    _larger,
    _fewer,
    _conflicts,
    _weights,
    _probe,
)


def _experiment(*settings: str) -> str:
    """The command; brackets are quoted, as shells have a use for them.

    `++` sets a key of a model that its entry may not have, where a plain one would be an error.
    """
    quoted = (f"'{one}'" if "[" in one else one for one in settings)
    return "dvc exp run " + " ".join(f"-S {one}" for one in quoted)


def _means(found: Findings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each member with the means of its folds by epoch."""
    columns = ["val_loss", "val_accuracy"]
    for member, rows in found.outcome.curves.groupby("member"):
        yield str(member), rows.groupby("epoch")[columns].mean()
