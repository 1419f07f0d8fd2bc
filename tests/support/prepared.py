"""The files of the stage `prepare`, by its options."""

from pathlib import Path


def files_in(folder: Path) -> dict[str, Path]:
    """The files of the stage but raw, by their options; no solution is known."""
    names = (
        "index",
        "pixels",
        "gray224",
        "quarantine",
        "columns",
        "sample",
        "form",
        "test_labels",
    )
    (folder / "solution").write_text("image_path,target\n")
    return {name: folder / name for name in (*names, "solution")}
