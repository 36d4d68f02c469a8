"""How a model is made: of another one or of files, with texts and parameters of its own (Ollama's server/create.go).

    request ──> parts of the base (an existing model's layers, or files: GGUF, safetensors)
                  ──> quantized ──> texts set over them ──> config ──> manifest

``services/create.py`` walks this way. Nothing here writes a row.
"""
