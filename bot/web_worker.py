"""gunicorn's threaded worker, which keeps no thread for a connection that has sent nothing."""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker


class WebWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for a new connection's first byte in its loop.

    gunicorn 27 waits five seconds for it in a thread (https://github.com/benoitc/gunicorn/pull/3635): as many silent
    connections as there are threads, a load balancer's or a port scanner's, would take longer than Slack waits.
    """

    def handle(self, conn: TConn) -> Any:
        """Answer a connection's request, or leave it to the loop while there is none."""
        if not conn.initialized and not conn.wait_for_data(0):
            return _DEFER
        return super().handle(conn)
