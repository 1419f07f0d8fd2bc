"""The section `dedup` of params.yaml."""

import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.core.params import validated
from croquis.dedup.settings import DedupParams

GOOD = params.read()["dedup"]


def test_the_settings_of_the_project_are_good() -> None:
    assert validated(DedupParams, GOOD, where="dedup").policy == "group"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("methods", ["phash"]),
        ("methods", ["copy", "copy"]),
        ("copy_min", 0),
        ("ssim_min", 0),
        ("ssim_scope", "all"),
        ("cosine_min", 1.1),
        ("variants_per_image", 0),
        ("chain_min", -0.1),
        ("chain_share", 2),
        ("symmetries", "yes"),
        ("policy", "delete"),
        ("derived", True),
        ("derived", "stop"),
        ("conflicts", "drop"),
        ("min_per_class", 0),
    ],
)
def test_a_bad_value_is_an_error_that_names_its_key(
    key: str, value: object
) -> None:
    with pytest.raises(InputError, match=rf"dedup\.{key}.*: expected "):
        validated(DedupParams, {**GOOD, key: value}, where="dedup")


def test_what_is_dropped_must_be_a_copy() -> None:
    with pytest.raises(InputError, match="expected remove_min >= copy_min"):
        validated(
            DedupParams,
            {**GOOD, "remove_min": 0.9, "copy_min": 0.95},
            where="dedup",
        )


def test_a_bound_too_weak_for_all_pairs_is_refused() -> None:
    loose = {**GOOD, "ssim_min": 0.85}
    assert validated(DedupParams, loose, where="dedup").ssim_min == 0.85
    with pytest.raises(
        InputError, match=r"ssim_min >= 0\.9 with ssim_scope global"
    ):
        validated(DedupParams, {**loose, "ssim_scope": "global"}, where="dedup")
    validated(
        DedupParams,
        {**loose, "ssim_scope": "global", "methods": ["copy"]},
        where="dedup",
    )


def test_every_key_is_needed() -> None:
    for key in GOOD:
        with pytest.raises(InputError, match=rf"dedup\.{key}"):
            validated(
                DedupParams,
                {k: v for k, v in GOOD.items() if k != key},
                where="dedup",
            )


def test_the_defaults_for_a_notebook_are_those_of_params_yaml() -> None:
    assert DedupParams() == params.load(DedupParams, "dedup")
    assert DedupParams(copy_min=0.9).copy_min == 0.9


def test_a_setting_that_there_is_not_is_named() -> None:
    with pytest.raises(ValueError, match="copy_most"):
        DedupParams(copy_most=0.9)
    with pytest.raises(ValueError, match="remove_min"):
        DedupParams(copy_min=0.98)
