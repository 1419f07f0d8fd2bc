"""What people call the columns of a table of labels, in any case and with any separators."""

import re
from collections.abc import Iterable

# The image of a row, tier by tier: a path says more than an id, which may be a row's own number.
IMAGE_TIERS = (
    ("image_path", "path", "file_path", "img_path", "file_name", "file", "image_file", "img_file",
     "image_file_name", "file_names", "fname"),
    ("image", "image_name", "img", "img_name", "images", "image_names"),
    ("image_id", "img_id", "id", "id_code", "image_index"),
    ("name",),
)  # fmt: skip
# The class of a row: what every table may call it, then what it is of.
LABEL_TIERS = (
    ("target", "class_name", "label", "labels", "class", "category", "class_id", "class_label",
     "class_names", "label_name", "label_id", "category_name", "category_id", "image_label"),
    ("classes", "cats", "breed", "species", "diagnosis", "dx", "ground_truth"),
)  # fmt: skip


def plain(name: object) -> str:
    """A column's name without case and separators: Image_ID, "image id" and imageId are one."""
    return re.sub(r"[\W_]+", "", str(name).casefold())


def named_like(columns: Iterable[object], names: Iterable[str]) -> list[str]:
    """Those of `columns` that are called as one of `names`, in the order of `names`."""
    texts = [str(column) for column in columns]
    wanted = [plain(name) for name in names]
    order = {name: place for place, name in reversed(list(enumerate(wanted)))}
    like = [column for column in texts if plain(column) in order]
    return sorted(like, key=lambda column: order[plain(column)])
