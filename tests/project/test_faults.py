"""`make faults` is planned evenly and can be repeated; its table says what came of it."""

from collections import Counter
from pathlib import Path

from faults.kills import ORDER, PER_CHAIN, plan
from faults.outcomes import BEGIN, END, Outcome, markdown, rows, write_block

PAGE = Path("docs/reliability.md")


def test_a_seed_gives_the_same_kills_and_another_one_others() -> None:
    assert plan(30, seed=1) == plan(30, seed=1) != plan(30, seed=2)


def test_kills_are_spread_evenly_over_stages_and_kinds() -> None:
    chains = plan(100, seed=1)
    kills = [kill for chain in chains for kill in chain]
    assert len(kills) == 100 and len(chains) == 4
    assert max(map(len, chains)) <= PER_CHAIN
    stages = Counter(kill.stage for kill in kills)
    assert set(stages.values()) == {7, 8} and set(stages) == set(ORDER)
    assert set(Counter(kill.kind for kill in kills).values()) == {11, 12}


def test_kills_of_a_chain_come_in_the_order_of_the_stages() -> None:
    for chain in plan(100, seed=3):
        places = [ORDER.index(kill.stage) for kill in chain]
        assert places == sorted(places)


def test_the_table_counts_what_was_tried_and_what_was_as_promised() -> None:
    outcomes = [
        Outcome("SIGKILL to dvc alone", "train"),
        Outcome("SIGKILL to dvc alone", "vote", wrong="folds.csv differs"),
        Outcome("SIGKILL to dvc alone", "train"),
        Outcome("a disk that fills up", "", skipped=True),
    ]
    assert rows(outcomes) == [
        ("SIGKILL to dvc alone", "train 2, vote 1", "3", "2"),
        ("a disk that fills up", "not tried here", "0", "0"),
    ]
    assert markdown(outcomes, "make faults").splitlines()[4] == (
        "| SIGKILL to dvc alone | train 2, vote 1 | 3 | 2 |"
    )


def test_the_page_has_a_place_for_the_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    write_block(page, "| new |")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    assert after and page.read_text(encoding="utf-8") == (
        f"{before}{BEGIN}\n| new |\n{END}{after}"
    )
