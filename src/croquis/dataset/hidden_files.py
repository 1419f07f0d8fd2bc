"""Files that systems and tools leave behind and nobody means to hand in."""

# In small letters, as Windows does not tell them apart.
_JUNK = frozenset(
    {
        ".ds_store", "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db",
        "desktop.ini", "icon\r", ".directory", "picasa.ini", ".picasa.ini",
        ".localized",
    }
)  # fmt: skip
# Mostly folders, with thumbnails, old versions and files of programs, by who makes them.
_OF_TOOLS = frozenset(
    {
        "@eadir", "#recycle", "#snapshot",  # Synology
        ".@__thumb", "@recycle", "@recently-snapshot",  # QNAP
        "$recycle.bin", "system volume information",  # Windows
        ".spotlight-v100", ".fseventsd", ".temporaryitems", ".appledouble",  # macOS
        ".documentrevisions-v100", ".picasaoriginals", ".dropbox.cache",
        "lost+found", ".thumbnails", ".cache",  # Linux
        ".stfolder", ".stversions",  # Syncthing
        ".git", ".svn", ".hg", ".dvc", ".dvcignore", ".idea", ".vscode", ".venv", "__pycache__",
    }
)  # fmt: skip
_TRASH = ".trash"  # .Trash, .Trashes and .Trash-1000


def is_junk(name: str) -> bool:
    """Whether a path holds a name that only macOS or Windows wants."""
    return any(
        part.startswith("._") or part.lower() in _JUNK for part in name.split("/")
    )


def is_of_tools(name: str) -> bool:
    """Whether a path lies in a folder that a system or a tool keeps for itself."""
    return any(
        part in _OF_TOOLS or part.startswith(_TRASH)
        for part in name.lower().split("/")
    )


def is_hidden(name: str) -> bool:
    """Whether the last part of a path is hidden: by a leading dot, as junk, or as of a tool."""
    last = name.rstrip("/").rpartition("/")[2]
    return last.startswith(".") or is_junk(last) or is_of_tools(last)
