"""Where messages go, one file each, exposing CHANNEL."""
