"""Embeddings: a queue and a thread of their own beside the one that generates."""
