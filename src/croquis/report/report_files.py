"""The files that the report reads, by what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from croquis.core.errors import InputError

IMAGES = ("index", "pixels")
TABLES = ("folds", "groups", "duplicates", "twins", "overrides")
RESULTS = ("votes", "ensemble", "curves", "networks", "saliency")
METRICS = ("dedup", "split", "vote", "ensemble", "submission")


@dataclass(frozen=True)
class ReportFiles:
    """What earlier stages wrote, each under its name in dvc.yaml without the suffix.

    Attributes:
        images: the paths of IMAGES.
        tables: of TABLES.
        results: of RESULTS; the first three are folders.
        metrics: of METRICS, the scores of these stages.
    """

    images: Mapping[str, Path]
    tables: Mapping[str, Path]
    results: Mapping[str, Path]
    metrics: Mapping[str, Path]

    @classmethod
    def of(
        cls,
        images: Sequence[Path],
        tables: Sequence[Path],
        results: Sequence[Path],
        metrics: Sequence[Path],
    ) -> "ReportFiles":
        """Paths in any order: the name of each says what it is.

        Raises:
            InputError: if a name is missing, or comes twice, or is none of these.
        """
        return cls(
            images=_by_name("images", images, IMAGES),
            tables=_by_name("tables", tables, TABLES),
            results=_by_name("results", results, RESULTS),
            metrics=_by_name("metrics", metrics, METRICS),
        )


def _by_name(
    option: str, paths: Sequence[Path], names: Sequence[str]
) -> dict[str, Path]:
    stems = [path.stem for path in paths]
    if sorted(stems) != sorted(names):
        raise InputError(
            f"--{option}",
            expected=f"a file for each of {', '.join(names)}",
            received=", ".join(map(str, paths)) or "none",
            fix="correct the command of the stage report in dvc.yaml",
        )
    return dict(zip(stems, paths, strict=True))
