"""An S3 server on 127.0.0.1 that fails one request in so many: ``python failing_s3.py PORT EVERY``; 0 fails none.

The failures take turns: the server says that it is overloaded, breaks down, or closes the connection half-way through
its answer. It prints a line when it is ready, and counts what it was asked in ``GET /asked``.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Start = Callable[..., Any]


class Failing:
    """A WSGI application that sometimes fails instead of asking the real one."""

    def __init__(self, application: Callable[..., Iterable[bytes]], every: int) -> None:
        self._application, self._every = application, every
        self._lock, self._requests, self._kinds = threading.Lock(), 0, itertools.cycle(("slow", "broken", "cut"))
        self._failures = 0

    def __call__(self, environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environment["PATH_INFO"] == "/asked":
            start("200 OK", [("Content-Type", "text/plain")])
            return [f"{self._requests} {self._failures}".encode()]
        with self._lock:
            self._requests += 1
            kind = next(self._kinds) if self._every and self._requests % self._every == 0 else ""
            self._failures += bool(kind)
        if not kind:
            return self._application(environment, start)
        if kind == "cut":
            body = b"".join(self._application(environment, start))
            return [body[: len(body) // 2]]
        environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
        code, status = ("SlowDown", "503 Slow Down") if kind == "slow" else ("InternalError", "500 Internal Error")
        start(status, [("Content-Type", "application/xml")])
        return [f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()]


if __name__ == "__main__":
    port, every = int(sys.argv[1]), int(sys.argv[2])
    server = make_server(
        "127.0.0.1", port, Failing(DomainDispatcherApplication(create_backend_app), every), threaded=True
    )
    print(f"listening on {server.port}", flush=True)
    server.serve_forever()
