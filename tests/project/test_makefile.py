"""The targets of the Makefile: each is listed by `make help`."""

import re
from pathlib import Path

MAKEFILE = Path("Makefile").read_text(encoding="utf-8")


def test_help_lists_every_target_that_is_for_people() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split()
    listed = re.findall(r"^([a-z]+):.*## .+$", MAKEFILE, re.MULTILINE)
    assert sorted(phony) == sorted(listed)


def test_a_line_of_help_fits_100_columns() -> None:
    said = re.findall(r"^[a-z]+:.*## (.+)$", MAKEFILE, re.MULTILINE)
    assert said and max(map(len, said)) <= 100 - len("  make experiments  ")


def test_nothing_is_reported() -> None:
    # MLflow compares with "true"; gradio with "True".
    assert "\nexport DO_NOT_TRACK := true\n" in MAKEFILE
    assert "\nexport GRADIO_ANALYTICS_ENABLED := False\n" in MAKEFILE
