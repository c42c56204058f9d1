"""views.*."""

from typing import Any

from sandbox.errors import Refusal
from sandbox.webapi import Arguments, Backend, method

Json = dict[str, Any]


@method("views.open", per_minute=100)
def open_view(backend: Backend, arguments: Arguments) -> Json:
    """Open a modal before the person who did something."""
    return {"view": backend.modals.open(arguments.need("trigger_id"), arguments.structure("view"))}


@method("views.push", per_minute=100)
def push_view(backend: Backend, arguments: Arguments) -> Json:
    """Open a modal on top of another."""
    return {"view": backend.modals.push(arguments.need("trigger_id"), arguments.structure("view"))}


@method("views.update", per_minute=100)
def update_view(backend: Backend, arguments: Arguments) -> Json:
    """Replace an open modal."""
    old = backend.modals.find(arguments.get("view_id"), arguments.get("external_id"))
    return {"view": backend.modals.update(old, arguments.structure("view"), arguments.get("hash"))}


@method("views.publish", per_minute=100)
def publish_view(backend: Backend, arguments: Arguments) -> Json:
    """Show a person her Home tab."""
    user = arguments.need("user_id")
    if user not in backend.workspace.users:
        raise Refusal("user_not_found")
    return {"view": backend.modals.publish(user, arguments.structure("view"), arguments.get("hash"))}
