"""How long trainings took, as MLflow remembers them."""

from collections.abc import Mapping, Sequence

from croquis.tracking import store

NEWEST = 1000  # runs that are looked at


def last_durations(source: str) -> dict[str, float]:
    """Seconds that the newest finished run of each training stage took; none without a store.

    A training that was stopped and went on counts the pause as well.

    Args:
        source: data.source.
    """
    if not store.has_runs():
        return {}
    try:
        client = store.open_store()
        _, kept = store.experiment_of(client, source)
        if kept is None:
            return {}
        runs = client.search_runs(
            [kept.experiment_id],
            "attributes.status = 'FINISHED' and tags.fold != ''",
            max_results=NEWEST,
            order_by=["attributes.start_time DESC"],
        )
    except Exception:  # whatever is wrong with the store, an estimate is a convenience
        return {}
    return {
        run.data.tags["stage"]: (run.info.end_time - run.info.start_time) / 1000
        for run in reversed(
            runs
        )  # of runs of one stage the newest comes last, and stays
        if "stage" in run.data.tags
    }


def estimated(
    stages: Sequence[str], known: Mapping[str, float]
) -> tuple[float, list[str]]:
    """Seconds that trainings will take as their last runs did, and those nothing is known of.

    A fold that never ran is taken to be as long as the mean of its member's others.

    Args:
        stages: `train@<model>-<fold>` and `probe@<probe>-<fold>`.
        known: seconds by stage.
    """
    total = 0.0
    unknown = []
    for stage in stages:
        alike = [s for name, s in known.items() if _member(name) == _member(stage)]
        if stage in known:
            total += known[stage]
        elif alike:
            total += sum(alike) / len(alike)
        else:
            unknown.append(stage)
    return total, unknown


def _member(stage: str) -> str:
    """The stage without its fold."""
    return stage.rsplit("-", 1)[0]
