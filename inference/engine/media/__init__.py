"""Images and sound in prompts: decoded within limits, encoded, and told apart by their hashes."""
