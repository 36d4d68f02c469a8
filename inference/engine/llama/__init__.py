"""llama.cpp as a backend: loading, decoding, sampling, adapters, embeddings, and mtmd for images and sound."""
