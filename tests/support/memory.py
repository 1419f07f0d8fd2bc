"""What a call costs in memory, measured in a process of its own."""

import subprocess
import sys
from pathlib import Path

_CHILD = """
import sys
from pathlib import Path
from croquis.core.errors import InputError
{imports}

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024

base = peak()
try:
    {call}
    print("fine")
except InputError as error:
    print(str(error).replace("\\n", " | "))
print(peak() - base)
"""


def outcome_and_megabytes(
    imports: str, call: str, *arguments: Path
) -> tuple[str, int]:
    """What a call says ("fine", or its InputError), and its MB above what imports cost.

    Args:
        imports: lines of Python.
        call: a line of Python; `arguments` are in sys.argv, from 1.
        arguments: paths.
    """
    code = _CHILD.format(imports=imports, call=call)
    finished = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    outcome, megabytes = finished.stdout.splitlines()[-2:]
    return outcome, int(megabytes)
