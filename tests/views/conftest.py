"""Property tests know no deadline: the machine has other things to do."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
