"""A lean Slack: one thread, several keep-alive connections, requests signed before they are due.

`python -m tests.bench.client TASK.json` sends the task's forms and writes what came back beside it: a process of its
own with one selector loop, so that it takes as little as possible of the cores it shares with the server.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import selectors
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.processes import is_alive

HEAD = (
    "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Content-Length: {length}\r\nX-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
)


def signed(form: str, secret: str) -> bytes:
    """A request as Slack sends it."""
    at, body = int(time.time()), form.encode()
    signature = hmac.new(secret.encode(), f"v0:{at}:{form}".encode(), hashlib.sha256).hexdigest()
    return HEAD.format(length=len(body), at=at, signature=signature).encode() + body


def body_of(answer: bytes) -> bytes | None:
    """The body of an HTTP answer, None while it is not all there."""
    head, found, rest = answer.partition(b"\r\n\r\n")
    if not found:
        return None
    lowered = head.lower()
    if b"transfer-encoding: chunked" not in lowered:
        length = int(lowered.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return rest if len(rest) >= length else None
    if not rest.endswith(b"0\r\n\r\n"):
        return None
    body = b""
    while (size := int(rest.partition(b"\r\n")[0], 16)) > 0:
        start = rest.index(b"\r\n") + 2
        body, rest = body + rest[start : start + size], rest[start + size + 2 :]
    return body


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number, self.due, self.answer = -1, 0.0, b""

    def send(self, number: int, request: bytes, due: float) -> None:
        """Send a request."""
        self.number, self.due, self.answer = number, due, b""
        self.socket.sendall(request)

    def receive(self) -> tuple[str, bytes] | None:
        """The answer's status line and body once it is whole."""
        received = self.socket.recv(1 << 18)
        if not received:
            raise ConnectionError("the server closed a connection")
        self.answer += received
        body = body_of(self.answer)
        return None if body is None else (self.answer.split(b"\r\n", 1)[0].decode(), body)


def send_all(task: dict[str, Any]) -> dict[str, Any]:
    """Send a task's forms.

    Args:
        task: port, secret, forms; connections: how many requests may be under way at once; rate: how many are due a
            second, None for as many as the connections take; beside: end when this process has ended, or None.

    Returns:
        seconds: of each, from when it was due; statuses and bodies.
    """
    requests = [signed(form, task["secret"]) for form in task["forms"]]
    free = [Connection(task["port"]) for _ in range(task["connections"])]
    taken, statuses, bodies = [], [], []
    next_one, begun = 0, time.perf_counter()
    with selectors.DefaultSelector() as busy:
        while True:
            ended = next_one == len(requests) or (task["beside"] and not is_alive(task["beside"]))
            if ended and not busy.get_map():
                break
            while free and not ended and next_one < len(requests):
                due = begun + next_one / task["rate"] if task["rate"] else time.perf_counter()
                if due > time.perf_counter():
                    break
                connection = free.pop()
                busy.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(next_one, requests[next_one], due)
                next_one += 1
            for key, _ in busy.select(0.001 if task["rate"] else None):
                if whole := key.data.receive():
                    taken.append((key.data.number, time.perf_counter() - key.data.due))
                    statuses.append(whole[0])
                    bodies.append((key.data.number, whole[1].decode()))
                    busy.unregister(key.data.socket)
                    free.append(key.data)
    elapsed = time.perf_counter() - begun
    return {"seconds": [each for _, each in sorted(taken)], "statuses": statuses, "bodies": bodies, "elapsed": elapsed}


if __name__ == "__main__":
    task_file = Path(sys.argv[1])
    result = send_all(json.loads(task_file.read_text()))
    task_file.with_suffix(".answers.json").write_text(json.dumps(result))
