"""Licences of the embedded data set, and of nothing else."""

import subprocess
import sys

from croquis.dataset.icon_licences import ICON_LICENCES, licences_of


def test_data_of_others_have_no_licence_that_croquis_knows() -> None:
    assert licences_of("icons") == ICON_LICENCES and len(ICON_LICENCES) == 6
    assert licences_of("../icons.tar.gz") == ()


def test_licences_load_neither_fonts_nor_arrays() -> None:
    code = (
        "import sys, croquis.dataset.icon_licences; print('numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.stdout == "False\n", done.stderr
