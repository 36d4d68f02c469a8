"""Modelfiles: the text that says what a model is made of, read and written (Ollama's parser/parser.go).

    text = modelfile_decode(data)
    recipe = recipe_read(modelfile_parse(text))

``commands`` are a Modelfile's lines, ``recipe`` is what they mean, ``show`` writes the one that makes a model again.
"""

from models_app.modelfile.commands import Command, Modelfile
from models_app.modelfile.decoding import modelfile_decode
from models_app.modelfile.parser import modelfile_parse
from models_app.modelfile.recipe import Recipe, recipe_read
from models_app.modelfile.show import modelfile_text, parameter_lines
from models_app.modelfile.writer import modelfile_write, quote

__all__ = [
    "Command",
    "Modelfile",
    "Recipe",
    "modelfile_decode",
    "modelfile_parse",
    "modelfile_text",
    "modelfile_write",
    "parameter_lines",
    "quote",
    "recipe_read",
]
