"""data.label_pattern: one group, or the line of `check` says what is wrong with it."""

import pytest

from croquis.core import params
from croquis.core.errors import InputError
from croquis.dataset.data_params import DataParams

DATA = DataParams().model_dump()


def test_a_pattern_with_one_group_is_taken() -> None:
    for pattern in (r"([a-z]+)\.\d+", "(?:a|b)_(.)", None):
        content = DATA | {"label_pattern": pattern}
        section = params.validated(DataParams, content, where="data")
        assert section.label_pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("cat", r"one \(group\), which is the class, not 0.*received 'cat'"),
        ("(a)(b)", r"one \(group\), which is the class, not 2"),
        ("(a", r"a regular expression \(missing \)"),
    ],
)
def test_another_pattern_is_refused_by_its_key(pattern: str, message: str) -> None:
    with pytest.raises(InputError, match=f"data.label_pattern: expected {message}"):
        params.validated(
            DataParams, DATA | {"label_pattern": pattern}, where="data"
        )
