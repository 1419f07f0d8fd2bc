"""One thread inside the block, as many as before after it."""

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from croquis.dedup.measures.threads import one_thread


def test_one_thread_inside_and_what_was_before_after_it() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))  # loads BLAS
    before = (
        cv2.getNumThreads(),
        [pool["num_threads"] for pool in threadpool_info()],
    )
    with pytest.raises(ZeroDivisionError), one_thread():
        assert cv2.getNumThreads() == 1
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())
        _ = 1 / 0
    assert (
        cv2.getNumThreads(),
        [pool["num_threads"] for pool in threadpool_info()],
    ) == before
