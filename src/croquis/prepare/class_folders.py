"""Training images whose folders are their classes."""

from pathlib import Path

import pandas as pd

from croquis.core.errors import InputError
from croquis.dataset.image_files import images_in
from croquis.dataset.roots import folders_in
from croquis.prepare.labels import ranks


def read_class_folders(raw: Path) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    rows: list[tuple[str, str]] = []
    for folder in folders_in(raw / "train"):
        names = images_in(folder)
        if not names:
            fix = "add some, or remove the folder"
            raise InputError(folder, expected="images", received="none", fix=fix)
        rows += [(folder.name, f"train/{folder.name}/{name}") for name in names]
    table = pd.DataFrame(rows, columns=["class_name", "path"], dtype=str)
    table = table.assign(id=table["path"], label=ranks(table["class_name"]))
    columns = pd.DataFrame({"image_path": table["path"].str.removeprefix("train/")})
    loose = len(images_in(raw / "train")) - len(rows)
    note = f"{loose:,} images in train/ are in no class folder and left out"
    notes = [note] if loose else []
    return table.assign(split="train", source_id=""), columns, notes
