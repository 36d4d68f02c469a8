"""Models as Hugging Face stores them, made GGUF files: a folder of safetensors, config.json and a tokenizer.

    folder ──> architecture (decoder.py, bert.py, lora.py): metadata, and each tensor's new name and order
           ──> vocabulary (tokenizer_json.py, sentencepiece.py)
           ──> gguf.writer

It is all read from strangers, so it runs in a process of its own (child.py), without Django. What can't be converted
faithfully raises UnsupportedModel rather than making a model that quietly says other things.
"""
