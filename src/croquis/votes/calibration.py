"""Calibration: probabilities at a temperature, and how far stated confidence is from accuracy.

`fitting` finds temperatures. Here is numpy alone, as the report and a server need it.
"""

from typing import Literal

import numpy as np
import pandas as pd

Binning = Literal["width", "mass"]


def apply_temperature(probs: np.ndarray, temperature: float) -> np.ndarray:
    """Class probabilities at another temperature, (..., C) to (..., C).

    Above 1 softens, below 1 sharpens; the order of classes stays, but float32 may make a tie of two
    that are its last digit apart, and a tie goes to the lower class. Saved probabilities are
    enough: log(probs) are the logits up to a constant per image. Method: Guo et al. 2017, "On
    Calibration of Modern Neural Networks".

    Raises:
        ValueError: if `temperature` is not above 0.
    """
    if not temperature > 0:  # written so that nan fails too
        raise ValueError(
            f"temperature: expected > 0, received {temperature}; 1 is neutral"
        )
    if temperature == 1:
        return probs
    # Divided by its maximum first, no row can underflow to zeros.
    powers = probs / probs.max(axis=-1, keepdims=True)
    # In place: these arrays are most of what it costs.
    powers **= np.float32(1 / temperature)
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def brier(labels: np.ndarray, probs: np.ndarray) -> float:
    """The mean squared distance of (N, C) probabilities from the truth, 0 to 2.

    Method: Brier 1950, summed over classes.
    """
    of_label = probs[np.arange(len(labels)), labels]
    return float(((probs**2).sum(axis=1) - 2 * of_label + 1).mean())


def reliability(
    labels: np.ndarray, probs: np.ndarray, *, binning: Binning, bins: int = 15
) -> pd.DataFrame:
    """Confidence against accuracy, one row a bin that holds an image.

    Args:
        labels: (N,).
        probs: (N, C); the confidence is a row's highest.
        binning: "width" for bins as wide as each other, "mass" for bins of as many images.
        bins: how many at most.

    Returns:
        Columns bin, count, confidence, accuracy.
    """
    confidence = probs.max(axis=1)
    right = probs.argmax(axis=1) == labels
    if binning == "width":
        number = np.minimum((confidence * bins).astype(int), bins - 1)
    else:
        # By value, not by rank: what is equally sure shares a bin, whatever the order of rows.
        edges = np.quantile(confidence, np.linspace(0, 1, bins + 1)[1:-1])
        number = np.searchsorted(edges, confidence, side="right")
    images = pd.DataFrame(
        {"bin": number, "confidence": confidence, "accuracy": right}
    )
    table = images.groupby("bin").agg(
        count=("accuracy", "size"),
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
    )
    return table.reset_index()


def ece(
    labels: np.ndarray,
    probs: np.ndarray,
    *,
    binning: Binning = "mass",
    bins: int = 15,
) -> float:
    """The expected calibration error: the mean gap of confidence and accuracy over bins, 0 to 1.

    It is biased upwards, as each bin's accuracy has noise of its own: read it beside log-loss and
    Brier. Method: Naeini et al. 2015 (equal width), Nixon et al. 2019 (equal mass).
    """
    table = reliability(labels, probs, binning=binning, bins=bins)
    gaps = (table["confidence"] - table["accuracy"]).abs()
    return float((gaps * table["count"]).sum() / len(labels))


def calibration_scores(
    labels: np.ndarray, probs: np.ndarray, temperature: float
) -> dict[str, float]:
    """What a member's temperature does to it, rounded to 5 digits for reading."""
    calibrated = apply_temperature(probs, temperature)
    scores = {
        "temperature": temperature,
        "ece": ece(labels, probs),
        "ece_calibrated": ece(labels, calibrated),
        "brier_calibrated": brier(labels, calibrated),
    }
    return {name: round(float(score), 5) for name, score in scores.items()}
