"""How much a fitted vote flatters itself: on the OOF it was fitted on, nested, and on fresh data.

    python benchmarks/optimism.py                    some three minutes on one idle core
    python benchmarks/optimism.py --draws 40 --images 1500 15000

Members are simulated, so that the truth is known: each sees the true class through noise that it
shares with the others and noise of its own. Each draw fits the votes on all of its OOF and nested,
and lets every fit judge fresh images: the error of an estimate is its distance from what the very
same weights and temperatures score there, so it is the sampling of OOF alone, and of the fresh.

Most of that is luck that any vote has in that draw. Two votes in which nothing is fitted, the plain
mean and the first member, have no other error, and none on average: what of an error follows theirs
(by least squares over draws) is taken out, and its mean without them is the bias.
"""

import argparse

import numpy as np

from croquis.core.progress import progress
from croquis.ensemble.nested_fits import LabelledProbs, Way, fit, fits
from croquis.votes.fitting import FITTED, favourites

CLASSES = 20
MEMBERS = 12
FRESH = 60_000
WAYS = {"soft": Way("soft", np.ones(MEMBERS))} | {
    name: Way("soft", weights) for name, weights in FITTED.items()
}
PLAIN = {"mean": np.ones(MEMBERS), "first member": np.eye(MEMBERS)[0]}


def drawn(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and what correlated members of unequal skill and sharpness say, (M, N, C)."""
    labels = rng.integers(CLASSES, size=images)
    truth = 4.0 * np.eye(CLASSES, dtype=np.float32)[labels]
    shared = rng.standard_normal((images, CLASSES), np.float32)
    members = []
    for member in range(MEMBERS):
        noise = rng.standard_normal((images, CLASSES), np.float32)
        skill = 1 + 0.05 * member
        sharpness = (0.6, 1.0, 1.8)[member % 3]
        logits = sharpness * (truth + shared + skill * noise)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        members.append(powers / powers.sum(axis=1, keepdims=True))
    return labels, np.stack(members)


def right(labels: np.ndarray, probs: np.ndarray) -> float:
    """Accuracy, in points."""
    return 100 * float((probs.argmax(axis=1) == labels).mean())


def draw(images: int, seed: int) -> dict[str, dict[str, np.ndarray]]:
    """Of each vote the truth, and the errors of both estimates; the luck of the plain ones.

    Returns:
        "truth" and "luck" by vote, one number each; "errors" by vote, own OOF and nested, (2,).
    """
    rng = np.random.default_rng([images, seed])
    (labels, probs) = drawn(rng, images)
    (answers, fresh) = drawn(rng, FRESH)
    groups = np.arange(images)
    data = LabelledProbs(labels, probs, groups, favourites(labels, probs))
    whole = fit(data, WAYS, calibrate=True)
    truth = {
        name: right(answers, judged) for name, judged in whole.apply(fresh).items()
    }
    own = {
        name: right(labels, judged) for name, judged in whole.apply(probs).items()
    }
    errors = {name: np.array([own[name] - truth[name], 0.0]) for name in WAYS}
    for out, each in fits(data, WAYS, calibrate=True, seed=seed):
        inside = each.apply(probs[:, out])
        outside = each.apply(fresh)
        for name in WAYS:
            gap = right(labels[out], inside[name]) - right(answers, outside[name])
            errors[name][1] += out.mean() * gap
    luck = {
        name: right(labels, np.tensordot(weights, probs, 1))
        - right(answers, np.tensordot(weights, fresh, 1))
        for name, weights in PLAIN.items()
    }
    return {"truth": truth, "errors": errors, "luck": luck}


def bias(errors: np.ndarray, luck: np.ndarray) -> tuple[float, float]:
    """The mean of errors (D,) and its standard error, without what follows the luck, (D, P)."""
    factors = np.column_stack([np.ones(len(errors)), luck])
    solved = np.linalg.lstsq(factors, errors)[0]
    rest = errors - factors @ solved
    spread = rest @ rest / (len(errors) - factors.shape[1])
    return float(solved[0]), float(
        np.sqrt(spread * np.linalg.inv(factors.T @ factors)[0, 0])
    )


def biases(
    images: int, draws: int
) -> dict[str, tuple[float, list[tuple[float, float]]]]:
    """Of each vote its truth, and the bias with its error on its own OOF and nested."""
    results = [
        draw(images, seed) for seed in progress(range(draws), f"{images} images")
    ]
    luck = np.array([list(one["luck"].values()) for one in results])
    shown = {}
    for name in WAYS:
        errors = np.array([one["errors"][name] for one in results])
        truth = float(np.mean([one["truth"][name] for one in results]))
        shown[name] = truth, [bias(each, luck) for each in errors.T]
    return shown


def main() -> None:
    """Prints a table for each number of images."""
    style = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--draws", type=int, default=20, help="five or more")
    parser.add_argument("--images", type=int, nargs="+", default=[1500, 15_000])
    options = parser.parse_args()
    if options.draws < 5:
        parser.error(
            "--draws: expected 5 or more, as three numbers are fitted to them"
        )
    print(
        f"{MEMBERS} correlated members, {CLASSES} classes, {options.draws} draws; points\n"
    )
    print("| images | vote | truth | bias on its own OOF | bias nested |")
    print("|---|---|---|---|---|")
    for images in options.images:
        for name, (truth, each) in biases(images, options.draws).items():
            cells = " | ".join(f"{bias:+.3f} ± {error:.3f}" for bias, error in each)
            print(f"| {images:,} | {name} | {truth:.2f} | {cells} |")


if __name__ == "__main__":
    main()
