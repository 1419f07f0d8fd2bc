"""What calls cost in memory, measured in a process of their own."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_CHILD = """
import json
import sys
from pathlib import Path
from croquis.core.errors import InputError
{imports}

def memory(key):
    for line in open("/proc/self/status"):
        if line.startswith(key + ":"):
            return int(line.split()[1]) // 1024

for arguments in json.loads(sys.argv[1]):
    path = Path(arguments[0])
    others = list(map(Path, arguments[1:]))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    base = memory("VmRSS")
    try:
        {call}
        outcome = "fine"
    except InputError as error:
        outcome = str(error)
    print(json.dumps([outcome, memory("VmHWM") - base]))
"""


def outcomes_and_megabytes(
    imports: str, call: str, arguments: Sequence[Sequence[Path]]
) -> list[tuple[str, int]]:
    """What each call says ("fine", or its InputError), and its MB above what stood before it.

    Args:
        imports: lines of Python.
        call: a line of Python; it may use `path` and `others`.
        arguments: of each call `path`, and the paths of `others`.
    """
    code = _CHILD.format(imports=imports, call=call)
    texts = json.dumps([[str(path) for path in each] for each in arguments])
    finished = subprocess.run(
        [sys.executable, "-c", code, texts],
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    lines = finished.stdout.splitlines()[-len(arguments) :]
    return [(outcome, megabytes) for outcome, megabytes in map(json.loads, lines)]


def outcome_and_megabytes(
    imports: str, call: str, path: Path, *others: Path
) -> tuple[str, int]:
    """The same of a single call."""
    return outcomes_and_megabytes(imports, call, [[path, *others]])[0]
