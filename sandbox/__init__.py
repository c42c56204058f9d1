"""A Slack workspace on localhost: Web API, Socket Mode, HTTP delivery and a page, for the demo and the tests."""

from sandbox.control import Control
from sandbox.errors import AppFailure, PortInUseError
from sandbox.faults import Fault
from sandbox.person import Person
from sandbox.server import Sandbox

__all__ = ["AppFailure", "Control", "Fault", "Person", "PortInUseError", "Sandbox"]
