"""Paths as people write them: read where one thing is meant, else the error says how to."""

import unicodedata
from pathlib import Path

import pytest

from croquis.core.errors import InputError
from croquis.download.local_paths import is_as_written, local, missing_error
from croquis.download.sources import kind_of


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SETS", str(folder))
    return folder


ODD = "데이터 (1)=x,#%20'y'&$z?q=1;[a]{b}.zip"


@pytest.mark.parametrize(
    "name",
    [ODD, "a b.zip", "a%20b.zip", "a.zip?x=y", "$HOME.zip", "-a.zip", " a.zip", "'a'.zip"],
)  # fmt: skip
def test_a_path_that_is_there_is_taken_to_the_letter(
    project: Path, name: str
) -> None:
    (project / name).touch()
    (project / "a.zip").touch()
    assert local(name) == project / name and is_as_written(name)
    assert kind_of(name) == kind_of(f"./{name}") == "archive"
    assert kind_of(str(project / name)) == kind_of(f"{name}/") == "archive"


@pytest.mark.parametrize(
    "source",
    [
        "a b.zip ", " a b.zip", "a b.zip\n", "'a b.zip'", '"a b.zip"', "\u201ca b.zip\u201d",
        "a%20b.zip", "a\\ b.zip", "$SETS/a b.zip", "${SETS}/a b.zip",
    ],
)  # fmt: skip
def test_what_can_mean_one_file_alone_is_read(project: Path, source: str) -> None:
    (project / "a b.zip").touch()
    assert kind_of(source) == "archive" and not is_as_written(source)
    assert local(source) == project / "a b.zip"


def test_a_file_address_is_a_path(project: Path) -> None:
    (project / "세트 1.zip").touch()
    for start in (
        f"file://{project}",
        f"file://localhost{project}",
        f"FILE://{project}",
    ):
        assert kind_of(f"{start}/세트%201.zip") == kind_of(f"{start}/세트 1.zip")
    assert local(f"file:{project}/세트%201.zip") == project / "세트 1.zip"
    assert local(f"file://{project}/%EC%84%B8%ED%8A%B8%201.zip").exists()


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_the_other_normal_form_of_a_name_is_the_same_file(
    project: Path, forms: tuple[str, str]
) -> None:
    """macOS writes Korean names in parts, which no keyboard does."""
    written, there = (
        unicodedata.normalize(form, "자료/세트.zip") for form in forms
    )
    (project / there).parent.mkdir()
    (project / there).touch()
    assert kind_of(written) == "archive" and local(written) == project / there


def test_of_two_normal_forms_none_is_guessed(project: Path) -> None:
    for form in ("NFC", "NFD"):
        (project / unicodedata.normalize(form, "카é.zip")).touch()
    with pytest.raises(InputError, match="nothing is at"):
        kind_of(unicodedata.normalize("NFC", "카") + "e\u0301.zip")


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        (r"C:\Users\me\a.zip", "in WSL it is /mnt/c/Users/me/a.zip"),
        ("d:/sets/a.zip", "in WSL it is /mnt/d/sets/a.zip"),
        (r"\\server\share\a.zip", "mount the share"),
        (r"sets\mine.zip", "write it with /: sets/mine.zip"),
        ("me@host.org:sets/a.zip", "`scp me@host.org:sets/a.zip .`"),
        ("www.kaggle.com/c/x", "https://www.kaggle.com/c/x"),
        ("sets/Mine.ZIP", "did you mean"),
        ("sets/mina.zip", "did you mean"),
        ("set/mine.zip", "did you mean"),
        ("icon", "relative paths start at"),
        (" ", "relative paths start at"),
        ("\0", "relative paths start at"),
        ("~nosuchuser/a.zip", "relative paths start at"),
        ("file://server/share/a.zip", "mount the share"),
        ("file://[::1/a.zip", "mount the share"),
        ("file:///no%20such/a.zip", "nothing is at /no such;"),
    ],
)
def test_a_path_of_nothing_says_how_to_write_it(
    project: Path, source: str, fix: str
) -> None:
    (project / "sets").mkdir()
    (project / "sets/mine.zip").touch()
    with pytest.raises(InputError) as caught:
        kind_of(source)
    assert fix in str(caught.value)


@pytest.mark.parametrize(
    ("source", "fix"),
    [
        ("kaggle://user/set", "kaggle datasets download USER/NAME"),
        ("gdrive://1AbC", "gdown ID"),
        ("ssh://me@host/sets/a.zip", "scp -r USER@HOST:/PATH ."),
        ("SFTP://host/a.zip", "scp -r USER@HOST:/PATH ."),
        ("git+https://github.com/a/b", "git clone"),
        ("magnet://x", "a program of its own"),
        ("gopher://h/a.zip", "a program of its own"),
        ("https:/h.org/a.zip", "write https:// with two slashes"),
        ("s3:/bucket/a.zip", "write s3:// with two slashes"),
    ],
)
def test_an_address_that_no_library_reads_says_what_does(
    source: str, fix: str
) -> None:
    with pytest.raises(InputError) as caught:
        kind_of(source)
    assert fix in str(caught.value)


def test_no_password_is_in_the_error_of_an_address() -> None:
    for source in ("smbx://me:SECRET@h/a.zip", "rsync://me:SECRET@h/a?sig=SECRET"):
        with pytest.raises(InputError) as caught:
            kind_of(source)
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    ["me:S3CRET@host.org/a.zip", "me:S3CRET@host.org:/a.zip", "me:S3:x@nas"],
)
def test_a_password_without_a_scheme_is_not_shown(source: str) -> None:
    error = str(missing_error(source))
    assert "S3" not in error
    assert "put the password into ~/.netrc" in error
