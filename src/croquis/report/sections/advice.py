"""What to try next: rules that look at the run's figures, each with the command that tries it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from croquis.core.text import counted, gain, odds, share
from croquis.report.ensemble_tables import fitted_column
from croquis.report.page_data import PageData
from croquis.report.sections import copies
from croquis.report.sections.augmentations import preset, uses
from croquis.scoring.metric_names import Headline, headline, rank
from croquis.scoring.paired import is_significant
from croquis.votes.voting import VOTES

MAX_ADVICE = 6
RISING = 0.01  # of accuracy in the last epoch: the training was still under way
# Val loss of the last epoch over its lowest: the training was too long or too bare.
OVERFIT = 1.03
# Share of images with a copy from which their weight in the loss may matter.
COPIED = 0.3
LARGER = 1.5  # times the stored size: then a larger one may be worth its time
# What makes a vote of votes.csv the one that counts.
SETTINGS = {vote: f"ensemble.vote={vote}" for vote in VOTES} | {
    weights: f"ensemble.weights={weights}" for weights in ("greedy", "simplex")
}


class Advice(NamedTuple):
    """A figure of the run and what it suggests, and the command that tries it."""

    why: str
    command: str


def advice(content: PageData) -> list[Advice]:
    """The first MAX_ADVICE that apply, what spoils the score before what might raise it."""
    return [one for rule in RULES for one in rule(content)][:MAX_ADVICE]


def _leak(content: PageData) -> Iterator[Advice]:
    if leaking := copies.leaking(content.images.folds):
        why = f"{counted(leaking, 'scored image has', 'scored images have')} a copy in training"
        yield Advice(
            f"{why}: the score is too high.", _experiment("split.group=true")
        )


def _folds(content: PageData) -> Iterator[Advice]:
    every = range(int(content.images.folds["fold"].max()) + 1)
    folds = content.outcome.run.folds
    if len(folds) < len(every):
        why = (
            f"Only {counted(len(folds), 'fold')} of {len(every)} ran: "
            "the others would narrow the interval, and each adds a vote."
        )
        yield Advice(why, _experiment(f"run.folds={list(every)}"))


def _vote(content: PageData) -> Iterator[Advice]:
    votes = content.outcome.tables.votes
    score = _score(content)
    places = rank(score.name, 1.0) * votes["difference"]  # the best first
    better = votes[(places < 0) & ~votes["chosen"].astype(bool)]
    better = better[better["vote"].isin(SETTINGS)]
    better = better.sort_values("difference", ascending=score.lower_is_better)
    units = content.images.units_of(content.outcome.oof.ids)
    rows: list[Any] = list(better.itertuples())
    for row in rows:
        # As the stage ensemble asks before it takes fitted weights: else it would decline them.
        interval = (row.difference_low, row.difference_high)
        if is_significant(row.p, interval, units):
            yield Advice(
                f"The {row.vote} vote scores {gain(row.difference)}{_of(score)} on the "
                "same images, "
                f"with weights from other images (p {odds(row.p)}).",
                _experiment(SETTINGS[row.vote]),
            )
            return


def _longer(content: PageData) -> Iterator[Advice]:
    for member, means in _means(content):
        recipe = content.outcome.settings.models.get(member)
        rise = means["val_accuracy"].diff().iloc[-1] if len(means) > 1 else 0.0
        if recipe is not None and rise > RISING:
            why = (
                f"{member} still gained {gain(rise)} of accuracy in its last epoch. "
                "Twice as many epochs may pay."
            )
            yield Advice(
                why, _experiment(f"++models.{member}.epochs={2 * recipe.epochs}")
            )


def _overfit(content: PageData) -> Iterator[Advice]:
    for member, means in _means(content):
        recipe = content.outcome.settings.models.get(member)
        if recipe is None or "strong" in {
            preset(use.augment) for use in uses(recipe)
        }:
            continue
        lowest = means["val_loss"].min()
        last = means["val_loss"].iloc[-1]
        if last > OVERFIT * lowest:
            why = (
                f"{member}'s loss on the fold held out rose from {share(lowest)} to {share(last)}. "
                "It learns by heart: stronger augmentation may help."
            )
            yield Advice(why, _experiment(f"++models.{member}.augment=strong"))


def _larger(content: PageData) -> Iterator[Advice]:
    best = _best_model(content)
    if best is None:
        return
    size = content.outcome.settings.models[best].image_size
    stored = content.images.pixels.array.shape[1]
    original = content.images.index[["width", "height"]].max(axis=1).median()
    if size < stored:
        why = f"The best model sees {size} px, the stored images have {stored}."
        yield Advice(why, _experiment(f"++models.{best}.image_size={stored}"))
    elif original >= LARGER * stored:
        larger = int(min(LARGER * stored, original)) // 16 * 16
        yield Advice(
            f"Half of the files have {original:.0f} px or more, the stored images {stored}.",
            _experiment(
                f"prepare.image_size={larger}",
                f"++models.{best}.image_size={larger}",
            ),
        )


def _best_model(content: PageData) -> str | None:
    """The best model among those that vote, by the metric; of equals the first by name."""
    members = content.outcome.tables.members
    models = members[members["member"].isin(list(content.outcome.settings.models))]
    if models.empty:
        return None
    score = _score(content)
    column = "accuracy" if score.is_accuracy else f"nested_{score.name}"
    ascending = [score.lower_is_better, True]
    ordered = models.sort_values([column, "member"], ascending=ascending)
    return str(ordered["member"].iloc[0])


def _fewer(content: PageData) -> Iterator[Advice]:
    gains = content.outcome.tables.gains
    score = _score(content)
    numbers = gains[fitted_column(score.name)].to_numpy()
    best = int((rank(score.name, 1.0) * numbers).argmin()) + 1  # members
    if best < len(gains):
        chosen = sorted(gains["member"].iloc[:best])
        lost = numbers[best - 1] - numbers[-1]
        why = (
            f"Without the other members, {', '.join(chosen)} score "
            f"{gain(lost)}{_of(score)} on these images. The same images chose them, so expect less."
        )
        yield Advice(why, _experiment(f"ensemble.members=[{','.join(chosen)}]"))


def _conflicts(content: PageData) -> Iterator[Advice]:
    count = content.metrics["dedup"].get("conflicts", 0)
    dropped = content.metrics["dedup"].get("dropped", 0)
    if count and not dropped:
        why = (
            f"{counted(count, 'group has', 'groups have')} several labels. "
            "Judge them on their page, or let the majority decide."
        )
        yield Advice(why, _experiment("dedup.conflicts=drop_minority"))


def _weights(content: PageData) -> Iterator[Advice]:
    images, _ = copies.in_groups(content.images.groups)
    part = images / max(len(content.images.groups), 1)
    recipes = content.outcome.settings.models.values()
    if (
        part > COPIED
        and recipes
        and not any(recipe.group_weights for recipe in recipes)
    ):
        why = (
            f"{100 * part:.0f} % of the images have a copy. "
            "Images with many copies weigh most in training."
        )
        yield Advice(why, _experiment("train.group_weights=true"))


def _probe(content: PageData) -> Iterator[Advice]:
    if not content.outcome.run.probes:
        crossing = content.metrics["split"].get("plain_twins")
        claim = " It also shows what plain folds would claim." if crossing else ""
        why = f"No probe runs. One takes seconds a fold and makes other mistakes.{claim}"
        yield Advice(why, _experiment("run.probes=[lite0_probe]"))


# What spoils the score comes first.
RULES: tuple[Callable[[PageData], Iterator[Advice]], ...] = (
    _leak,
    _folds,
    _vote,
    _longer,
    _overfit,
    _larger,
    _fewer,
    _conflicts,
    _weights,
    _probe,
)


def _score(content: PageData) -> Headline:
    """The ensemble's number by the metric of the run."""
    return headline(content.metrics["ensemble"])


def _of(score: Headline) -> str:
    """Of what a difference is, where it is not of accuracy."""
    return "" if score.is_accuracy else f" of {score.words}"


def _experiment(*settings: str) -> str:
    """The command; brackets are quoted, as shells have a use for them.

    `++` sets a key of a model that its entry may not have, where a plain one would be an error.
    """
    quoted = (f"'{one}'" if "[" in one else one for one in settings)
    return "dvc exp run " + " ".join(f"-S {one}" for one in quoted)


def _means(content: PageData) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each member with the means of its folds by epoch."""
    columns = ["val_loss", "val_accuracy"]
    for member, rows in content.outcome.curves.groupby("member"):
        yield str(member), rows.groupby("epoch")[columns].mean()
