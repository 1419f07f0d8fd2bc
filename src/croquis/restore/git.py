"""Questions to git, asked in the working folder."""

import subprocess


def git(*arguments: str) -> bytes | None:
    """What git printed; None where it failed, or where there is no git."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def git_text(*arguments: str) -> str:
    """What git printed, without the end of the line; nothing where it failed."""
    return (git(*arguments) or b"").decode(errors="surrogateescape").strip()


def git_lines(*arguments: str) -> list[str]:
    """What git printed, line by line."""
    return (git(*arguments) or b"").decode(errors="surrogateescape").splitlines()


def git_paths(*arguments: str) -> set[str]:
    """The paths that git printed, asked for with `-z`."""
    text = (git(*arguments) or b"").decode(errors="surrogateescape")
    return {path for path in text.split("\0") if path}


def succeeds(*arguments: str) -> bool:
    """Whether git said yes."""
    return git(*arguments) is not None
