"""A competition's name tells it from others, and its address holds no secret."""

from pathlib import Path

import pytest

from croquis.tracking.experiment_names import address, competition


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("icons", "icons"),
        ("../shared/data/quickdraw345.tar.gz", "quickdraw345"),
        ("https://site.org/a/sketch.v2.zip", "sketch"),
        ("https://site.org/ferns/download?token=secret", "ferns-download"),
        ("https://me:secret@site.org:80/data.zip", "site.org-data"),
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
