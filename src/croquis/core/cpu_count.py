"""How many cores there are to work with."""

import os


def cpu_count() -> int:
    """The cores this process may use; a share of a cluster's node has fewer than the node."""
    if hasattr(os, "sched_getaffinity"):  # Linux alone has it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
