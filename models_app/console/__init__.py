"""What the commands share: exits, tables, progress, the client of a running server and the interactive chat."""
