"""Addresses that show a page where people expect a file: the fix is that of the host."""

import pytest

from croquis.download.kinds.pages import fix_of_page, shows_page

DRIVE = "https://drive.google.com"
FACE = "https://huggingface.co"


@pytest.mark.parametrize(
    ("address", "fix"),
    [
        (
            "https://www.kaggle.com/c/dogs-vs-cats/data",
            "`kaggle competitions download -c dogs-vs-cats`",
        ),
        (
            "https://www.kaggle.com/competitions/dog-breed-identification/overview",
            "`kaggle competitions download -c dog-breed-identification`",
        ),
        (
            "http://kaggle.com/datasets/alxmamaev/flowers-recognition?select=a",
            "`kaggle datasets download alxmamaev/flowers-recognition`",
        ),
        (f"{DRIVE}/file/d/1XB-Du_i/view?usp=sharing", "`gdown 1XB-Du_i`"),
        (f"{DRIVE}/open?id=1XB-Du_i", "`gdown 1XB-Du_i`"),
        (f"{DRIVE}/drive/folders/1XB?usp=sharing", "`gdown --folder 1XB`"),
        (f"{DRIVE}/drive/u/0/folders/1XB", "`gdown --folder 1XB`"),
        (
            "https://github.com/me/set/blob/main/a.zip",
            "name https://github.com/me/set/raw/main/a.zip",
        ),
        (
            "https://github.com/me/set",
            "name https://github.com/me/set/archive/HEAD.zip",
        ),
        (
            "https://gitlab.com/me/set/-/blob/main/a.zip",
            "name https://gitlab.com/me/set/-/raw/main/a.zip",
        ),
        (
            f"{FACE}/datasets/me/set/blob/main/a.zip",
            f"name {FACE}/datasets/me/set/resolve/main/a.zip",
        ),
        (
            f"{FACE}/datasets/me/set",
            "`hf download me/set --repo-type dataset --local-dir set`",
        ),
        (
            "https://www.dropbox.com/s/abc/a.zip?dl=0",
            "https://www.dropbox.com/s/abc/a.zip?dl=1",
        ),
        (
            "https://www.dropbox.com/scl/fi/abc/a.zip?rlkey=x1&dl=0",
            "end the address with dl=1",
        ),
        ("https://zenodo.org/records/123", "/records/123/files/NAME?download=1"),
    ],
)
def test_a_page_is_known_without_asking_and_has_its_fix(
    address: str, fix: str
) -> None:
    assert fix in fix_of_page(address) and shows_page(f" {address}\n")


@pytest.mark.parametrize(
    "address",
    [
        "https://host.org/a.zip",
        "https://www.kaggle.com/api/v1/datasets/download/me/set",
        f"{DRIVE}/uc?export=download&id=1XB",
        "https://github.com/me/set/raw/main/a.zip",
        "https://github.com/me/set/blob/main/a.zip?raw=true",
        "https://github.com/me/set/releases/download/v1/a.zip",
        "https://github.com/me/set/archive/refs/heads/main.zip",
        "https://raw.githubusercontent.com/me/set/main/a.zip",
        f"{FACE}/datasets/me/set/resolve/main/a.zip",
        "https://www.dropbox.com/s/abc/a.zip?dl=1",
        "https://zenodo.org/records/123/files/a.zip?download=1",
        "https://kaggle.com.evil.org/c/x",
        "https://[::1",
    ],
)
def test_the_address_of_a_file_is_no_page(address: str) -> None:
    assert not shows_page(address)


def test_a_file_that_asks_for_a_login_is_no_other_address() -> None:
    """The fix of a gated file is a token, not the address that was given."""
    assert fix_of_page(f"{FACE}/datasets/me/set/resolve/main/a.zip") == ""
    assert fix_of_page("https://www.kaggle.com/api/v1/datasets/download/a/b") == ""
    assert fix_of_page("https://h.org/a") == fix_of_page("https://[::1") == ""


def test_a_pointer_of_git_lfs_has_the_address_of_the_file() -> None:
    address = "https://raw.githubusercontent.com/me/set/main/a.zip"
    media = "https://media.githubusercontent.com/media/me/set/main/a.zip"
    assert media in fix_of_page(address)


def test_no_secret_of_an_address_is_in_its_fix() -> None:
    fix = fix_of_page("https://www.dropbox.com/s/abc/a.zip?token=SECRET&dl=0")
    assert "dl=1" in fix and "SECRET" not in fix
