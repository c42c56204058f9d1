"""What AWS says of a permission that is missing."""

from __future__ import annotations

import re

DENIED = ("AccessDenied", "AccessDeniedException", "403", "AllAccessDisabled", "UnauthorizedOperation")
_ACTION = re.compile(r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)(?: on resource:? (?P<resource>[^\s,]+))?")


def not_allowed(said: str, action: str, resource: str = "") -> str:
    """A sentence that names what a policy has to allow.

    Args:
        said: AWS's own words, which name it where they can: a key of KMS is refused in an answer of S3.
        action, resource: what was asked for, where AWS names nothing.
    """
    found = _ACTION.search(said)
    action, resource = (found["action"], found["resource"] or "") if found else (action, resource)
    return f"AWS does not allow {action}{f' on {resource}' if resource else ''}."
