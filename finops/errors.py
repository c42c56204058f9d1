"""What can go wrong that a person can mend."""


class FinopsError(Exception):
    """A refusal that the person who asked can mend; anything else that escapes is a bug.

    Args:
        reason: one line, saying what is wrong with which input.
        mend: what to do next, one line; empty where the reason says it already.
    """

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.reason} {self.mend}".rstrip()


class ConfigurationRefused(FinopsError):
    """finops.yaml or the environment is not usable."""


class BudgetRefused(FinopsError):
    """A budget file is not usable; no budget was changed."""


class NotFound(FinopsError):
    """A word that should name a team, a command or a month names none."""


class NotAllowed(FinopsError):
    """The person's roles do not cover what was asked."""


class CurrencyMismatch(FinopsError):
    """Amounts in different currencies were about to be added."""


class DeliveryRefused(FinopsError):
    """A billing delivery is not usable; what was stored before is untouched.

    Args:
        faults: up to 20 of the faults found, each a line naming file, line, column and reason.
    """

    def __init__(self, reason: str, faults: tuple[str, ...] = (), mend: str = "") -> None:
        super().__init__(reason, mend)
        self.faults = faults
