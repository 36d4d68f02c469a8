"""The slash commands of a chat at the terminal: those of Ollama's cmd/interactive.go."""
