"""finops.yaml: read, checked, and turned into a Company; every refusal names file, line and column."""

from bot.configuration.file import configuration_schema
from bot.configuration.reading import load_company, load_policy

__all__ = ["configuration_schema", "load_company", "load_policy"]
