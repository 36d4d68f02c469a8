"""A backend without llama.cpp: deterministic, for the scheduler's tests and wherever no model is at hand."""
