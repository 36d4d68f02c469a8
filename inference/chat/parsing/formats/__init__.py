"""One file for each syntax of calls, named after the family that brought it."""
