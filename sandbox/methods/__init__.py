"""The Web API methods, one module per family; importing the package registers them all."""

from sandbox.methods import chat, directory, files, views

__all__ = ["chat", "directory", "files", "views"]
