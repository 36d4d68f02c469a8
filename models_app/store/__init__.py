"""The blob store: bytes on the disk under their digests, and how they get there whole or not at all."""
