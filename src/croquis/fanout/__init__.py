"""Side by side: the stages of one run on many slots, and their results recorded as if in turn."""
