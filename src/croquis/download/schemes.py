"""Addresses of stores besides the web: which library reads each, and what to do without one."""

import re
from typing import NamedTuple

from croquis.core.addresses import hide_secrets
from croquis.core.errors import InputError


class Driver(NamedTuple):
    """The library that reads the addresses of a store.

    Attributes:
        module: what is imported.
        package: what is installed.
    """

    module: str
    package: str


S3 = Driver("s3fs", "s3fs")
GOOGLE = Driver("gcsfs", "gcsfs")
AZURE = Driver("adlfs", "adlfs")
# By what an address begins with; fsspec has a class for each.
REMOTES = {
    "s3": S3,
    "s3a": S3,
    "gs": GOOGLE,
    "gcs": GOOGLE,
    "az": AZURE,
    "abfs": AZURE,
    "hf": Driver("huggingface_hub", "huggingface_hub"),
    "ftp": Driver("ftplib", "fsspec"),
    "oss": Driver("ossfs", "ossfs"),
    "smb": Driver("smbprotocol", "smbprotocol"),
    "webdav": Driver("webdav4", "webdav4"),
    "hdfs": Driver("pyarrow", "pyarrow"),
}
NAME_IT = "and name the file or folder that comes"
# What brings the data of an address that no library here reads.
PROGRAMS = {
    "kaggle": "say `kaggle competitions download -c NAME`, or `kaggle datasets download USER/NAME`",
    "gdrive": "say `gdown ID`, with the ID in the link of the file",
    "git": "say `git clone` with it",
    "git+https": "say `git clone` with what follows git+",
    "git+ssh": "say `git clone` with what follows git+",
    "dvc": "say `dvc get` with it",
    # fsspec trusts whatever server answers; scp knows those of ~/.ssh/known_hosts.
    "ssh": "say `scp -r USER@HOST:/PATH .`",
    "sftp": "say `scp -r USER@HOST:/PATH .`",
    "rsync": "say `rsync -a` with it",
    "scp": "say `scp -r` with what follows scp://",
    "ftps": "say `curl --ssl-reqd -O` with it, and ftp:// before it",
    "dropbox": "take its link on the web, with dl=1 at its end",
}
_SCHEME = re.compile(r"([a-zA-Z][\w+.-]*):/{2,3}")
_ONE_SLASH = re.compile(r"\s*(https?|s3|gs|hf|az):/?(?!/)\S", re.IGNORECASE)


def scheme_of(source: str) -> str:
    """What stands before :// in a `data.source`, in small letters; "" for a path."""
    match = _SCHEME.match(source)
    return match.group(1).lower() if match else ""


def unknown_scheme(source: str, scheme: str) -> InputError:
    """The error of an address that no library reads."""
    program = PROGRAMS.get(scheme, "fetch it with a program of its own")
    known = ", ".join(f"{name}://" for name in ("s3", "gs", "az", "hf", "ftp"))
    return InputError(
        "data.source",
        expected=f"an address that begins with http:// or https://, or {known}",
        received=repr(hide_secrets(source)),
        fix=f"{program}, {NAME_IT}",
    )


def refuse_one_slash(source: str) -> None:
    """Raises InputError where an address lacks a slash, and would be taken for a path."""
    match = _ONE_SLASH.match(source)
    if match:
        name = match.group(1).lower()
        raise InputError(
            "data.source",
            expected=f"an address that begins with {name}://",
            received=repr(hide_secrets(source)),
            fix=f"write {name}:// with two slashes",
        )
