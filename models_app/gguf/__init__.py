"""GGUF files: a bounded reader of their headers (``file``), what the catalog wants to know of one (``facts``), and a
blob opened as one (``blob``). Import the modules: the reader brings numpy, which no listing needs."""
