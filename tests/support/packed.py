"""Archives for tests."""

import io
import tarfile
import zipfile
from pathlib import Path


def packed(path: Path, files: dict[str, bytes], *special: tarfile.TarInfo) -> Path:
    """An archive of `files`, in the format of its suffix; `special` entries go to tars only."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, content in files.items():
                bundle.writestr(name, content)
        return path
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in special:
            tar.addfile(info)
    return path
