"""What the doctor says of DVC's cache."""

from dataclasses import replace
from pathlib import Path

import pytest

from croquis.doctor.cache import cache_findings, findings_of
from croquis.verify.survey import Expected, Survey

FOLDS = "a9b91235da3a41df6b149a9f770124f3"
FINE = Survey(
    expected=Expected({"data/folds.csv": FOLDS}, {"data/folds.csv": FOLDS}),
    intact=frozenset([FOLDS]),
    damaged=(),
    missing=(),
    edited=(),
    linked=(),
    size=12,
    unread=0,
    unread_bytes=0,
)


def test_a_cache_that_is_right_is_fine() -> None:
    (finding,) = findings_of(FINE, links_wanted=False)
    assert finding.state == "ok" and finding.says == "1 object as dvc.lock has them"


def test_what_is_damaged_or_edited_is_a_problem_with_its_command() -> None:
    seen = replace(FINE, intact=frozenset(), damaged=(FOLDS,), edited=("data/x",))
    (finding,) = findings_of(seen, links_wanted=False)
    assert finding.state == "problem" and finding.fix.startswith("croquis verify")
    place = "a9/b91235da3a41df6b149a9f770124f3"
    assert f"data/folds.csv (object {place}), data/x" in finding.says


def test_what_was_not_read_is_said() -> None:
    seen = replace(FINE, unread=3, unread_bytes=5 * 2**30)
    (finding,) = findings_of(seen, links_wanted=False)
    assert "not read: 3 files, 5.0 GB (`croquis verify`)" in finding.says


def test_hard_links_are_a_warning_where_nobody_asked_for_them() -> None:
    seen = replace(FINE, linked=("data/folds.csv",))
    _, finding = findings_of(seen, links_wanted=False)
    assert finding.state == "warning" and "dvc checkout --relink" in finding.fix
    assert len(findings_of(seen, links_wanted=True)) == 1


def test_before_the_first_run_there_is_nothing_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (finding,) = cache_findings()
    assert finding.state == "ok" and "no dvc.lock yet" in finding.says
