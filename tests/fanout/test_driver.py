"""Each job ends once or never begins, in order, on no more slots than there are."""

from hypothesis import given, settings
from hypothesis import strategies as st

from croquis.fanout.driver import drive
from croquis.fanout.jobs import ATTEMPTS, Attempt, Ending, Job
from support.fake_engine import FakeEngine, Notes, jobs


def done(_: Attempt, __: int) -> Ending:
    return Ending.DONE


def test_jobs_begin_in_their_order_on_as_many_slots_as_there_are() -> None:
    engine, notes = FakeEngine(done), Notes()
    results = drive(jobs("a", "b", "c"), engine, notes)
    assert [result.stage for result in results] == ["a", "b", "c"]
    assert notes.lines[:2] == ["began a 1", "began b 1"] and engine.most == 2


def test_shares_of_a_gpu_add_up() -> None:
    engine = FakeEngine(done, slots=lambda _: 1.0)
    drive(jobs(*"abcdefgh", gpus=0.25), engine, Notes())
    assert engine.most == 1.0 and engine.round == 2


def test_a_probe_begins_once_its_features_are_there() -> None:
    probe = Job("probe", frozenset({"embed"}), gpus=0.25)
    engine = FakeEngine(lambda attempt, turn: Ending.DONE if turn > 2 else None)
    drive([probe, *jobs("embed")], engine, Notes())
    assert engine.submitted == [("embed", 1), ("probe", 1)]


def test_what_needs_a_failed_job_never_begins_and_the_others_go_on() -> None:
    def script(attempt: Attempt, _: int) -> Ending:
        return Ending.FAILED if attempt.job.stage == "embed" else Ending.DONE

    probe = Job("probe", frozenset({"embed"}))
    engine = FakeEngine(script)
    results = drive([probe, *jobs("embed", "train")], engine, Notes())
    assert {r.stage: r.ending for r in results} == {
        "embed": Ending.FAILED,
        "train": Ending.DONE,
    }


def test_what_was_killed_is_the_next_to_run_and_three_times_at_most() -> None:
    engine, notes = FakeEngine(lambda a, _: Ending.LOST), Notes()
    engine._slots = lambda _: 1.0
    results = drive(jobs("a", "b"), engine, notes)
    assert engine.submitted == [
        (s, n) for s in "ab" for n in range(1, ATTEMPTS + 1)
    ]
    assert [r.ending for r in results] == [Ending.LOST, Ending.LOST]
    assert notes.lines[:4] == ["began a 1", "again a", "began a 2", "again a"]


def test_what_failed_by_itself_is_not_tried_again() -> None:
    engine = FakeEngine(lambda a, _: Ending.FAILED)
    drive(jobs("a"), engine, Notes())
    assert engine.submitted == [("a", 1)]


def test_a_slot_that_comes_later_is_used() -> None:
    engine = FakeEngine(
        lambda a, turn: Ending.DONE if turn > 4 else None,
        slots=lambda turn: 0.0 if turn < 2 else 3.0,
    )
    drive(jobs("a", "b", "c"), engine, Notes())
    assert engine.most == 3 and engine.round == 5


def test_once_asked_to_end_nothing_begins_and_states_are_saved() -> None:
    engine = FakeEngine(lambda a, _: None)
    results = drive(
        jobs("a", "b", "c"), engine, Notes(), lambda: int(engine.round > 1)
    )
    assert engine.cancelled == [False] and len(engine.submitted) == 2
    assert {r.ending for r in results} == {Ending.STOPPED} and len(results) == 2


def test_asked_twice_it_ends_at_once() -> None:
    engine = FakeEngine(lambda a, _: None)
    asked = iter([0, 1, 2, 2, 2])
    ended = engine.changes
    engine.changes = lambda t: ended(t) if len(engine.cancelled) > 1 else []  # type: ignore[method-assign]
    drive(jobs("a"), engine, Notes(), lambda: next(asked))
    assert engine.cancelled == [False, True]


def test_a_machine_on_which_two_stages_fail_at_once_gets_no_more() -> None:
    """It would eat the whole queue; where there is no other, it is better than none."""

    def script(attempt: Attempt, _: int) -> Ending:
        return Ending.FAILED if attempt.job.stage in "ab" else Ending.DONE

    engine = FakeEngine(
        script, node=lambda a: "so2" if a.job.stage in "ab" else "here"
    )
    drive(jobs("a", "b", "c"), engine, Notes())
    assert engine.avoided == [frozenset(), frozenset(), frozenset({"so2"})]


def test_one_stage_that_fails_says_nothing_of_its_machine() -> None:
    engine = FakeEngine(
        lambda a, _: Ending.FAILED if a.job.stage == "a" else Ending.DONE
    )
    drive(jobs("a", "b", "c"), engine, Notes())
    assert set(engine.avoided) == {frozenset()}


def test_the_only_machine_is_used_even_if_stages_fail_there() -> None:
    engine = FakeEngine(lambda a, _: Ending.FAILED)
    results = drive(jobs(*"abcd"), engine, Notes())
    assert len(results) == 4


ENDINGS = st.sampled_from(
    [Ending.DONE, Ending.FAILED, Ending.LOST, Ending.STOPPED, None]
)


@settings(max_examples=200, deadline=None)
@given(
    needs=st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8),
    shares=st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=8, max_size=8),
    ends=st.lists(ENDINGS, min_size=1, max_size=40),
    slots=st.lists(st.sampled_from([0.0, 1.0, 2.0, 4.0]), min_size=1, max_size=10),
    stop=st.integers(0, 60),
)
def test_whatever_ends_comes_and_goes_each_job_ends_once_or_never_begins(
    needs: list[set[int]],
    shares: list[float],
    ends: list[Ending | None],
    slots: list[float],
    stop: int,
) -> None:
    # A job needs earlier ones alone, so that there is no circle.
    all_jobs = [
        Job(f"j{k}", frozenset(f"j{n}" for n in numbers if n < k), shares[k])
        for k, numbers in enumerate(needs)
    ]
    endings = iter(ends)

    def script(attempt: Attempt, turn: int) -> Ending | None:
        for stage in attempt.job.needs:
            assert finished.get(stage) is Ending.DONE, "began before what it needs"
        ending = next(endings, Ending.DONE)
        if ending is Ending.DONE:
            finished[attempt.job.stage] = ending
        return ending

    finished: dict[str, Ending] = {}
    engine = FakeEngine(
        script, slots=lambda turn: slots[turn] if turn < len(slots) else 2.0
    )
    results = drive(
        all_jobs, engine, Notes(), lambda: int(stop < 30 and engine.round >= stop)
    )
    names = [result.stage for result in results]
    assert len(names) == len(set(names)) and not engine.running
    assert max((n for _, n in engine.submitted), default=1) <= ATTEMPTS
    assert len(engine.submitted) == len(set(engine.submitted))
    assert engine.most <= 4.0
    began = {stage for stage, _ in engine.submitted}
    good = {r.stage for r in results if r.ending is Ending.DONE}
    if not engine.cancelled:
        assert set(names) == began
        for job in all_jobs:
            assert (job.stage in began) == (job.needs <= good)
