"""What the tests of `llm/` ask and whom: requests, an answer type, and a server that behaves badly on demand."""

import json
import struct
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from intentrec.llm import Message, Request, schema_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SERVER_KEY = "key-of-the-test-server"


class Choice(BaseModel):
    choice: str


def choice_schema(*choices: str) -> dict[str, Any]:
    schema = schema_of(Choice)
    schema["properties"]["choice"]["enum"] = list(choices)
    return schema


def ask(text: str, *, subject: str = "", schema: dict[str, Any] | None = None, max_tokens: int = 20) -> Request:
    return Request(
        stage="interests",
        subject=subject,
        prompt_version="test@1",
        messages=(Message(role="user", content=text),),
        answer_schema=schema or choice_schema("tea", "coffee"),
        max_tokens=max_tokens,
    )


def write_lora(path: Path, width: int, strength: float) -> None:
    """A rank-1 adapter for the query projection of block 0, in the GGUF layout (version 3, little endian)."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    strings = {"general.type": "adapter", "general.architecture": "llama", "adapter.type": "lora"}
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(strings) + 1)
    head += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in strings.items())
    head += text("adapter.lora.alpha") + struct.pack("<If", 6, 1.0)
    size = 4 * width
    for n, (name, shape) in enumerate({"lora_a": (width, 1), "lora_b": (1, width)}.items()):
        head += text(f"blk.0.attn_q.weight.{name}") + struct.pack("<IQQIQ", 2, *shape, 0, n * size)
    head += b"\0" * (-len(head) % 32)
    values = [(strength if n % 2 else -strength) for n in range(width)]
    path.write_bytes(head + struct.pack(f"<{width}f", *values) * 2)


@dataclass
class Misbehaviour:
    """One reply of a bad server: `hang` never answers."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    hang: bool = False
    drop: bool = False


def said(text: str, finish: str = "stop", **message: Any) -> Misbehaviour:
    """A proper chat completion."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    reply = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}
    return Misbehaviour(body=json.dumps(reply))


class BadServer:
    """Serves replies in order, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.replies: list[Misbehaviour] = []
        self.asked: list[dict[str, Any]] = []
        self.over = threading.Event()
        bad = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reply = bad.replies[min(len(bad.asked), len(bad.replies) - 1)]
                bad.asked.append(json.loads(body))
                if reply.hang:
                    bad.over.wait(30)
                if reply.hang or reply.drop:
                    self.close_connection = True
                    return
                payload = reply.body.encode()
                self.send_response(reply.status)
                for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None: ...

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
