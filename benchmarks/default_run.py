"""Are the README's figures those of the run here?

    python benchmarks/default_run.py [--write]

The default run (`make repro` on the params.yaml of the repository, on two cores) should give the
figures of docs/default_run.json, from which the README's table is made; `--write` takes those of
the run here. Another processor or another number of threads sums in another order, and moves some
of them by a point. Ends with status 1 and a line a figure that differs; seconds are not compared.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from croquis.core import cli
from croquis.commands.scores import read_scores
from croquis.core.files import write_json
from croquis.tracking.logged_params import flat

KEPT = Path("docs/default_run.json")
STAGES = ("dedup", "split", "vote", "ensemble", "submission")


def figures(metrics: Path) -> dict[str, Any]:
    """What the run here gave, by stage, without seconds."""
    scores = {stage: read_scores(metrics / f"{stage}.json") for stage in STAGES}
    scores["dedup"].pop("seconds", None)
    return scores


def differences(kept: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    """A line for each figure that is not as it was kept."""
    old = flat(kept)
    new = flat(scores)
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [
        f"{key}: {old.get(key, 'nothing')} kept, {new.get(key, 'nothing')} here"
        for key in keys
    ]


def main() -> None:
    """Compares, or writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--write", action="store_true", help="keep the figures of the run here"
    )
    with cli.one_line():
        scores = figures(Path("metrics"))
    if parser.parse_args().write:
        write_json(KEPT, scores)
    lines = differences(json.loads(KEPT.read_text(encoding="utf-8")), scores)
    print("\n".join(lines or [f"all figures are those of {KEPT}"]))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
