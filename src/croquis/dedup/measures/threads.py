"""One thread for work on one image, which is too little to share.

Threads would wait for one another, and where other programs run that costs a hundred times the work
itself: 22 ms instead of 0.16 for one image's ink, measured beside one other busy process.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """BLAS and OpenCV use one thread in the block; big products elsewhere keep all."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)
