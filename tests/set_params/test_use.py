"""`croquis use`: any path goes into params.yaml as it is, and nothing else changes there."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from croquis.core import params
from croquis.commands.main import app
from support.packed import packed

# Its first sections alone: the catalogue of networks takes long to read.
PARAMS = Path("params.yaml").read_text(encoding="utf-8").split("\n# When two")[0]
ODD = "데이터 (1)=x,#%20'y'&$z?q=1;[a]{b}: c.zip"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    return tmp_path


def use(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["use", *arguments])
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.output


def refused(*arguments: str) -> str:
    """The error; params.yaml stays as it was."""
    before = Path("params.yaml").read_bytes()
    done = CliRunner().invoke(app, ["use", *arguments])
    assert done.exit_code != 0 and Path("params.yaml").read_bytes() == before
    return str(done.exception)


def data() -> dict[str, Any]:
    return params.read()["data"]


def changed_lines() -> list[str]:
    new = Path("params.yaml").read_text(encoding="utf-8").split("\n")
    old = PARAMS.split("\n")
    assert len(new) == len(old)
    return [line.strip() for line, was in zip(new, old, strict=True) if line != was]


@pytest.mark.parametrize(
    "name",
    [
        ODD, "a b.zip", "~.zip", "null", "123", "1e3", "true", "a.zip ", "@a.zip", "*a.zip",
        "- a.zip", "a: b.zip", '"a".zip', "a\\b.zip", "!a.zip", "%a.zip", "카\u0301.zip",
    ],
)  # fmt: skip
def test_any_name_is_written_and_read_back_to_the_letter(name: str) -> None:
    packed(Path("x.zip"), {"a": b""}).rename(name)
    said = use("--", name)
    assert data()["source"] == name and len(changed_lines()) == 1
    assert said.endswith("next: `dvc repro`\n")


def test_what_was_found_is_written_in_place_of_what_was_typed(
    project: Path,
) -> None:
    packed(project / "a b.zip", {"a": b""})
    for typed in (f"file://{project}/a%20b.zip", "'a b.zip'", "a b.zip\n"):
        use(typed)
        assert data()["source"] == "a b.zip"
    use("./a b.zip")
    assert data()["source"] == "./a b.zip"


def test_a_checksum_goes_with_its_archive(project: Path) -> None:
    packed(project / "a.zip", {"a": b""})
    packed(project / "b.zip", {"a": b""})
    use("a.zip", "--sha256", "A" * 64)
    assert data()["sha256"] == "a" * 64
    use("a.zip", "--val", "join")
    assert data()["sha256"] == "a" * 64
    assert f"data.sha256: null (was {'a' * 64})" in use("b.zip")
    assert data()["sha256"] is None
    assert "sha256" in refused("a.zip", "--sha256", "abc")


def test_columns_and_a_pattern_need_no_other_quoting() -> None:
    pattern = r"^(?:.*/)?([^/_]+)_\d{2,}\.(?:png|jpe?g)$"
    names = ("--column", "image=image id", "--column", "label=품종=1")
    use(*names, "--label-pattern", pattern, "--val", "join")
    assert data()["columns"] == {"image": "image id", "label": "품종=1"}
    assert data()["label_pattern"] == pattern and data()["val"] == "join"
    assert len(changed_lines()) == 4
    back = ("--column", "image=", "--column", "label=null")
    use(*back, "--label-pattern", "null", "--val", "leave_out")
    assert Path("params.yaml").read_text(encoding="utf-8") == PARAMS
    assert "params.yaml says so already" in use("icons")
    assert "expected image=NAME or label=NAME" in refused("--column", "id=x")
    assert "data.val: expected 'leave_out' or 'join'" in refused("--val", "yes")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nothing.zip", "nothing is at"),
        ("page.zip", "a web page ('Sign in')"),
        ("empty", "an empty folder"),
        ("s4://b/a.zip", "an address that begins with http"),
        ("https://www.kaggle.com/c/dogs-vs-cats", "download -c dogs-vs-cats"),
        ("https://me:SECRET@h.org/a.zip", "https://***@h.org/a.zip"),
        ("s3://key:SECRET@bucket/a.zip", "s3://***@bucket/a.zip"),
        ("https://h.org/a.zip?X-Amz-Signature=SECRET", "X-Amz-Signature=***"),
        ("a\udcff.zip", "a name in UTF-8"),
    ],
)
def test_what_cannot_be_a_source_changes_nothing(source: str, said: str) -> None:
    Path("page.zip").write_bytes(b"<html><title>Sign in</title>")
    Path("empty").mkdir()
    error = refused("--", source)
    assert said in error and "SECRET" not in error


@pytest.mark.parametrize(
    "source",
    [
        "https://h.org/a.zip?sig={SIG}",
        "ftp://me@h.org/a.zip",
        "https://raw.githubusercontent.com/me/set/main/a.zip",
        "hf://datasets/me/set/a.zip",
        "icons",
    ],
)
def test_addresses_are_taken_without_asking_anybody(source: str) -> None:
    use(f" '{source}' " if source != "icons" else source)
    assert data()["source"] == source


def test_without_anything_it_says_what_to_say() -> None:
    assert "`croquis use my.zip`" in refused()


def test_a_params_file_that_is_broken_stays_as_it_is() -> None:
    Path("params.yaml").write_text("data: [")
    assert "valid YAML" in refused("icons")
    Path("params.yaml").write_text("data: {source: icons}\n")
    assert "data.sha256: expected a value" in refused("icons")
