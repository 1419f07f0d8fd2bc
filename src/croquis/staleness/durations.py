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
        _, experiment = store.experiment_of(client, source)
        if experiment is None:
            return {}
        runs = client.search_runs(
            [experiment.experiment_id],
            "attributes.status = 'FINISHED' and tags.fold != ''",
            max_results=NEWEST,
            order_by=["attributes.start_time DESC"],
        )
    except (
        Exception
    ):  # whatever is wrong with the store, an estimate is a convenience
        return {}
    # Of runs of one stage the newest comes last, and stays.
    return {
        run.data.tags["stage"]: (run.info.end_time - run.info.start_time) / 1000
        for run in reversed(runs)
        if "stage" in run.data.tags
    }


def estimate(
    stages: Sequence[str], durations: Mapping[str, float]
) -> tuple[float, list[str]]:
    """Seconds that trainings will take as their last runs did, and those nothing is known of.

    A fold that never ran is taken to be as long as the mean of its member's others.

    Args:
        stages: `train@<model>-<fold>` and `probe@<probe>-<fold>`.
        durations: seconds by stage.
    """
    total = 0.0
    unknown = []
    for stage in stages:
        of_member = [
            seconds
            for name, seconds in durations.items()
            if _member(name) == _member(stage)
        ]
        if stage in durations:
            total += durations[stage]
        elif of_member:
            total += sum(of_member) / len(of_member)
        else:
            unknown.append(stage)
    return total, unknown


def _member(stage: str) -> str:
    """The stage without its fold."""
    return stage.rsplit("-", 1)[0]
