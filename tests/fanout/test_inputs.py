"""What a stage reads is put in its place in a checkout, or it is said why not."""

import pytest

from croquis.fanout.supervisor.inputs import AGAIN, _from_remote


def test_a_remote_that_is_not_reached_is_worth_another_attempt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def pull() -> None:
        raise ConnectionError("no route\nto host")

    with pytest.raises(SystemExit) as end:
        _from_remote(pull)
    assert end.value.code == AGAIN
    assert capsys.readouterr().err == "error: remote: no route to host\n"
