"""The files of a folder, to be asked for by names that people write in other ways."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from croquis.dataset.naming.name_forms import FORMS, Form, simple, slashed


def leaves(name: str) -> bool:
    """Whether a path may lead out of the folder that it is relative to."""
    return name.startswith("/") or ".." in name.split("/")


class FilesByName:
    """All files in a folder, at any depth, as one walk through it finds them.

    Attributes:
        folder: where they are.
        files: their paths, relative to the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._has_links = False
        self.files = frozenset(self._walk(str(folder), ""))
        self._by_form: dict[Form, dict[str, list[str]]] = {}

    def holds(self, name: str) -> bool:
        """Whether a file has exactly this name, also one behind a link to a folder."""
        if name in self.files:
            return True
        if not self._has_links:
            return False
        # Path.is_file raises an error where a name is longer than any file's.
        return not leaves(name) and os.path.isfile(self.folder / name)

    def meant_by(self, name: str) -> list[str]:
        """The files that a name means in the strictest form that fits any.

        None where no form fits; several where it is not certain which one is meant.
        """
        if self.holds(path := simple(name)):
            return [path]
        path = slashed(name)
        if "\\" in name and self.holds(path):
            return [path]
        if leaves(path):
            return []
        for form in FORMS:
            if files := self.alike(path, form):
                return files
        return []

    def alike(self, path: str, form: Form) -> list[str]:
        """The files whose names are the same as `path` in this form."""
        return self._index(form).get(form.of_name(path), [])

    def _index(self, form: Form) -> dict[str, list[str]]:
        if form not in self._by_form:
            index: dict[str, list[str]] = defaultdict(list)
            for file in sorted(self.files):
                if (key := form.of_file(file)) is not None:
                    index[key].append(file)
            self._by_form[form] = dict(index)
        return self._by_form[form]

    def _walk(self, folder: str, front: str) -> Iterator[str]:
        """The files under a folder, with `front` before their names; none where it is none."""
        try:
            entries = os.scandir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(entry.path, f"{front}{entry.name}/")
                elif entry.is_file():
                    yield front + entry.name
                elif (
                    entry.is_dir()
                ):  # it may lead back, so it is not walked through
                    self._has_links = True
