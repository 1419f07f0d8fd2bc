"""Seeds are functions of what they are for."""

from croquis.augment.seeds import seed_of


def test_seeds_are_32_bits_and_all_different() -> None:
    names = [f"train/cat/{number}.png" for number in range(24)]
    seeds = {seed_of(s, e, n) for s in range(3) for e in range(3) for n in names}
    assert len(seeds) == 9 * 24 and all(0 <= seed < 2**32 for seed in seeds)
    # No two triples are spelt alike.
    assert seed_of(1, 12, "a") != seed_of(11, 2, "a")
