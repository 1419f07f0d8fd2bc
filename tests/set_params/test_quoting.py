"""`-S data.source=...` with letters that Hydra cannot read: the error says what to type instead."""

import shlex

import pytest
from dvc.utils.hydra import to_hydra_overrides

from croquis.core.errors import InputError
from croquis.set_params.quoting import refuse_unreadable

UNREADABLE = [
    "~/a.zip", "a.zip?x=y", "a (1).zip", "데이터.zip", "a=b.zip", "a#b.zip", "a'b.zip",
    "https://h.org/a.zip?sig={SIG}", "[a].zip", "{a}.zip", "a&b.zip", "a!.zip", "a;b.zip",
    "a\\'b.zip", "(\\w+)_\\d+\\.png", "^cat$|[dog]+\\\\'",
]  # fmt: skip


@pytest.mark.parametrize("value", UNREADABLE)
def test_both_ways_that_the_error_names_work(value: str) -> None:
    with pytest.raises(InputError) as caught:
        refuse_unreadable([f"data.source={value}"])
    fix = str(caught.value).partition("; say `")[2]
    command, _, rest = fix.partition("`, and run without -S; or -S ")
    assert shlex.split(command) == ["croquis", "use", value]
    (override,) = shlex.split(rest)
    refuse_unreadable([override])
    assert to_hydra_overrides([override])[0].value() == value


@pytest.mark.parametrize(
    "override",
    [
        "data.source=a.zip", "data.source='a (1).zip'", 'data.source="데이터.zip"',
        "data.source=a b.zip", "data.sha256=null", "data.source=a.zip,b.zip", "lr=~",
        "params.yaml:data.source=/a/b.zip", "+data.source=x", "data.source", "",
    ],
)  # fmt: skip
def test_what_hydra_can_read_is_left_to_it(override: str) -> None:
    refuse_unreadable([override])


def test_the_option_is_that_of_the_key_and_no_secret_is_shown() -> None:
    for key, option in (
        ("data.label_pattern", "croquis use --label-pattern"),
        ("data.columns.image", "croquis use --column image="),
        ("params.yaml:data.columns.label", "croquis use --column label="),
    ):
        with pytest.raises(InputError, match=option):
            refuse_unreadable([f"{key}=(id)"])
    with pytest.raises(InputError) as caught:
        refuse_unreadable(
            ["data.source=https://me:SECRET@h.org/a.zip?sig=SECRET&x=1"]
        )
    assert "SECRET" not in str(caught.value)
