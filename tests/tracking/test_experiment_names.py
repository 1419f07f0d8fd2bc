"""A competition's name tells it from others, and its address holds no secret."""

from pathlib import Path

import pytest

from croquis.core.addresses import address
from croquis.tracking.experiment_names import competition, older


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("icons", "icons"),
        ("../shared/data/quickdraw345.tar.gz", "quickdraw345"),
        ("https://site.org/a/sketch.v2.zip", "sketch"),
        ("https://site.org/ferns/download?token=secret", "ferns-download"),
        ("https://me:secret@site.org:80/data.zip", "site.org-data"),
        ("https://me:sec/ret@site.org/data.zip", "site.org-data"),
        ("https://site.org/token=secret/data.zip;sid=secret", "site.org-data"),
        ("https://site.org/ferns;sid=secret/token/secret/data.zip", "token-data"),
        ("folder/of/classes/", "classes"),
        ("/home/me/ferns/data.tar.gz", "ferns-data"),
        ("/home/me/ferns/data/raw/train_images.zip", "ferns-train_images"),
        ("~/ferns/archive (1).zip", "ferns-archive (1)"),
        ("~/Downloads/ferns-data.zip", "ferns-data"),
        ("/data/train.zip", "train"),
        ("data.tar.gz", "project-data"),
        ("./data/raw", "project-raw"),
        ("..", "croquis"),
        (".", "project"),
        ("/", "croquis"),
        ("it's.zip", "it's"),
    ],
)
def test_it_is_called_as_the_data_with_the_folder_above_a_generic_name(
    source: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "project"))
    assert competition(source) == name


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("ferns/data.tar.gz", "ferns/data.tar.gz"),
        ("https://me:secret@host:80/a.zip", "https://host:80/a.zip"),
        (
            "https://host/a.zip?X-Amz-Signature=secret&token=secret#secret",
            "https://host/a.zip",
        ),
        ("https://host/uc?export=download&id=7", "https://host/uc?id=7"),
        ("https://host/uc?Id=7&Token=secret", "https://host/uc?Id=7"),
    ],
)
def test_an_address_holds_no_secret_and_what_names_the_file(
    source: str, shown: str
) -> None:
    assert address(source) == shown


def test_no_name_of_a_former_version_holds_a_secret() -> None:
    """It was the last part with its query, and MLflow's server was asked for it."""
    assert older("https://site.org/a/download?token=secret") == "download"
    assert older("https://me:secret@site.org") == "site"
