"""The section `dedup` of params.yaml."""

import pytest

from croquis.dedup.settings import DedupParams
from croquis.errors import InputError
from croquis.params import checked

GOOD = {
    "ssim_min": 0.95,
    "cosine_min": 0.95,
    "symmetries": True,
    "policy": "group",
    "conflicts": "keep",
    "min_per_class": 5,
}


def test_good_settings_are_read() -> None:
    assert checked(DedupParams, GOOD, where="dedup").policy == "group"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ssim_min", 0),
        ("cosine_min", 1.1),
        ("symmetries", "yes"),
        ("policy", "delete"),
        ("conflicts", "drop"),
        ("min_per_class", 0),
    ],
)
def test_a_bad_value_is_an_error_that_names_its_key(key: str, value: object) -> None:
    with pytest.raises(InputError, match=f"dedup.{key}: expected .*, received {value!r}"):
        checked(DedupParams, {**GOOD, key: value}, where="dedup")


def test_every_key_is_needed() -> None:
    with pytest.raises(InputError, match=r"dedup\.policy"):
        checked(DedupParams, {k: v for k, v in GOOD.items() if k != "policy"}, where="dedup")
