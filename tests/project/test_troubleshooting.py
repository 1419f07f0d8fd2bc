"""The page for when something is wrong speaks of what there is."""

import re
from pathlib import Path

from croquis.doctor.gpus import Build, Gpu, gpu_findings

PAGE = Path("docs/troubleshooting.md").read_text(encoding="utf-8")


def test_its_make_targets_exist() -> None:
    makefile = Path("Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)`", PAGE))
    assert (
        {"doctor", "why"}
        <= named
        <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    )


def test_its_finding_is_what_the_doctor_says() -> None:
    build = Build("2.14.1+cu130", "", "13.0", ("sm_75", "sm_80"), (), (), False)
    gpu = Gpu("Tesla V100-SXM2-32GB", (7, 0), 32 * 2**30)
    (found,) = gpu_findings(Build(**vars(build) | {"gpus": (gpu,)}))
    plain = " ".join(PAGE.split())
    for part in found.says.split("sm_75, sm_80"):
        assert part.strip("() ") in plain
    assert "--torch-backend cu126" in found.fix and "--torch-backend cu126" in plain
