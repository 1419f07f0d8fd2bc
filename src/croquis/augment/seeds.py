"""Seeds as functions of what they are for, the same in every process."""

import hashlib


def seed_of(seed: int, epoch: int, name: str) -> int:
    """32 bits that depend on all three; Python's own hash() differs between processes."""
    digest = hashlib.blake2b(
        f"{seed}/{epoch}/{name}".encode(), digest_size=4
    ).digest()
    return int.from_bytes(digest, "little")
