"""How much a fitted vote flatters itself: on the OOF it was fitted on, nested, and on fresh data.

    python benchmarks/optimism.py                    some ten minutes on one core
    python benchmarks/optimism.py --draws 40 --pictures 1500 15000

Members are simulated, so that the truth is known: each sees the true class through noise that it
shares with the others and noise of its own. An estimate's bias is its mean distance from the
accuracy on fresh pictures. The soft vote has nothing fitted that could move an argmax but its
temperatures; what it is off by chance in one draw, all votes are off by in that draw: so the bias
of each vote is shown against it, and its error is then small.
"""

import argparse

import numpy as np

from croquis.progress import progress
from croquis.votes.ballots import Alternative, Ballots, alternatives
from croquis.votes.ensembling import VoteParams
from croquis.votes.nesting import calibrated, temperatures
from croquis.votes.voting import VOTES

CLASSES, MEMBERS, FRESH = 20, 12, 60_000
SHOWN = ("soft", "greedy", "simplex", "best")


def drawn(rng: np.random.Generator, pictures: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and what correlated members of unequal skill and sharpness say, (M, N, C)."""
    labels = rng.integers(CLASSES, size=pictures)
    truth = 4.0 * np.eye(CLASSES, dtype=np.float32)[labels]
    shared = rng.standard_normal((pictures, CLASSES), np.float32)
    found = []
    for member in range(MEMBERS):
        own = rng.standard_normal((pictures, CLASSES), np.float32)
        skill, sharpness = 1 + 0.05 * member, (0.6, 1.0, 1.8)[member % 3]
        logits = sharpness * (truth + shared + skill * own)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        found.append(powers / powers.sum(axis=1, keepdims=True))
    return labels, np.stack(found)


def ballots(labels: np.ndarray, probs: np.ndarray, seed: int) -> Ballots:
    """As the `ensemble` stage has them."""
    each = temperatures(labels, probs)
    return Ballots(
        members=[f"m{number}" for number in range(len(probs))],
        ids=np.arange(len(labels)).astype(str),
        classes=np.arange(CLASSES).astype(str),
        labels=labels,
        groups=np.arange(len(labels)),
        twins=np.zeros(len(labels), dtype=bool),
        probs=probs,
        warm=calibrated(probs, each),
        temperatures=each,
        how=VoteParams(folds="soft", calibrate=True),
        seed=seed,
    )


def truth(given: Ballots, each: Alternative, fresh: tuple[np.ndarray, np.ndarray]) -> float:
    """The accuracy of a vote, as fitted, on pictures that nothing was fitted on."""
    labels, probs = fresh
    voted = VOTES[each.vote](calibrated(probs, given.temperatures), each.weights)
    return float((voted.argmax(axis=1) == labels).mean())


def draw(pictures: int, seed: int) -> dict[str, tuple[float, float, float]]:
    """Of each vote: accuracy on its own OOF, nested, and the truth, in points."""
    rng = np.random.default_rng([pictures, seed])
    labels, probs = drawn(rng, pictures)
    given = ballots(labels, probs, seed)
    found, fresh = alternatives(given, np.ones(MEMBERS)), drawn(rng, FRESH)
    shown = {}
    for name in SHOWN:
        each = found[name]
        own = (each.probs.argmax(axis=1) == labels).mean()
        unseen = (each.nested.argmax(axis=1) == labels).mean()
        shown[name] = (100 * own, 100 * unseen, 100 * truth(given, each, fresh))
    return shown


def main() -> None:
    """Prints a table for each number of pictures."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1500, 15_000])
    options = parser.parse_args()
    print(f"{MEMBERS} correlated members, {CLASSES} classes, {options.draws} draws; points\n")
    print("| pictures | vote | truth | bias on its own OOF | bias nested |")
    print("|---|---|---|---|---|")
    for pictures in options.pictures:
        seeds = progress(range(options.draws), f"{pictures} pictures")
        found = [draw(pictures, seed) for seed in seeds]
        chance = np.array([[one["soft"][k] - one["soft"][2] for k in (0, 1)] for one in found])
        for name in SHOWN:
            each = np.array([one[name] for one in found])
            bias = each[:, :2] - each[:, 2:] - (chance if name != "soft" else 0)
            cells = [f"{b.mean():+.3f} ± {b.std(ddof=1) / len(b) ** 0.5:.3f}" for b in bias.T]
            print(f"| {pictures:,} | {name} | {each[:, 2].mean():.2f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
