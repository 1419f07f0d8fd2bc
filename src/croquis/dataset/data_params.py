"""The section `data` of params.yaml: where the data comes from, and how its labels are read."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from croquis.core.params import Section

MOST_PATTERN = 1_000  # characters of a pattern
MOST_COLUMN = 200  # characters of a column's name

Column = Annotated[str, Field(min_length=1, max_length=MOST_COLUMN)]


class ColumnParams(Section):
    """What the columns of a table of labels are called, where theirs are names of their own.

    Attributes:
        image: of the image's path, name or id; None looks for the usual names.
        label: of its class; None looks for the usual names.
    """

    image: Column | None = Field(
        default=None,
        description="The column that names the image; null looks for the usual names.",
    )
    label: Column | None = Field(
        default=None,
        description="The column of its class; null looks for the usual names.",
    )


class DataParams(Section):
    """Where the data comes from, and how the labels of its images are read.

    Attributes:
        source: `icons` (the embedded set), the http(s) URL of an archive, or the path of an archive
            or a folder.
        sha256: of the archive, 64 hex digits; None takes any.
        val: what becomes of labelled images in val/ (or valid/, validation/, dev/) beside train/.
        columns: the names of columns, where a table has others than the usual.
        label_pattern: a regular expression; its one group is the class of an image, in its path.
    """

    source: str = Field(
        default="icons",
        min_length=1,
        max_length=4_096,
        description="The embedded set `icons`, or an archive's path or URL, or a folder.",
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = Field(
        default=None,
        description="The archive's checksum; null takes any archive, and says what came.",
    )
    val: Literal["leave_out", "join"] = Field(
        default="leave_out",
        description="Labelled images of val/ beside train/: leave_out, or join train/.",
    )
    columns: ColumnParams = Field(
        default=ColumnParams(),
        description="What the columns of a table of labels are called, if not as usual.",
    )
    label_pattern: (
        Annotated[str, Field(min_length=1, max_length=MOST_PATTERN)] | None
    ) = Field(
        default=None,
        description="The class in an image's path, as a pattern with one group; null: none.",
    )

    @field_validator("label_pattern")
    @classmethod
    def _has_one_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        if groups != 1:
            raise ValueError(
                f"one (group), which is the class, not {groups}; (?:...) is none"
            )
        return pattern
