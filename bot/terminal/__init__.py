"""The terminal's commands, one file each, exposing COMMAND; loaded only when asked for."""
