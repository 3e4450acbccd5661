"""A chat endpoint of a test's own: a real HTTP server on this machine, with scripted answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

CORRECT = json.dumps({"verdict": "correct", "mode": "no_fault_found", "rationale": "It is right."})


def completion(text: str | None, *, tokens: tuple[int, int] | None = (100, 10)) -> bytes:
    answer: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    if tokens:
        answer["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return json.dumps(answer).encode()


class ChatEndpoint:
    """Answers each request by `answer(request)`: (status, headers, body); None: never answers."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes] | None]
        self.answer = lambda request: (200, {}, completion(CORRECT))
        self.over = Event()
        self.lock = Lock()
        self.at_once = self.most_at_once = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                endpoint.handle(self)

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        request = json.loads(body)
        with self.lock:
            self.requests.append(request)
            self.headers.append(dict(handler.headers))
            self.paths.append(handler.path)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        answer = self.answer(request)
        with self.lock:
            self.at_once -= 1
        if answer is None:
            self.over.wait(30)
            return
        status, headers, content = answer
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def scripted(self, *answers: Any) -> None:
        """Give these answers in turn, then the last one for ever; a text is an answer's content."""
        left = list(answers)

        def answer(request: dict[str, Any]) -> tuple[int, dict[str, str], bytes] | None:
            with self.lock:
                chosen = left.pop(0) if len(left) > 1 else left[0]
            return (200, {}, completion(chosen)) if isinstance(chosen, str) else chosen

        self.answer = answer


@contextmanager
def chat_endpoint() -> Iterator[ChatEndpoint]:
    endpoint = ChatEndpoint()
    thread = Thread(target=endpoint.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.over.set()
        endpoint.server.shutdown()
        endpoint.server.server_close()
        thread.join()
