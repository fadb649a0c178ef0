"""The load is counted as the server counts it."""

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.serving.processes import command, cpu_seconds, memory, tree
from benchmarks.serving.wrk import Load, Measured, load, percentile


def test_what_the_script_writes_is_read():
    line = '{"requests":4,"seconds":2.0,"bytes":9,"failed":1,"refused":2,"bins":[[300,1],[100,2],[200,1]]}'
    measured = Measured.read(f"Running 2s test\n  4 requests in 2s\n\nWRK {line}\n")
    assert (measured.requests, measured.n_bytes, measured.failed, measured.refused) == (4, 9, 1, 2)
    assert measured.per_second == 2.0
    assert measured.micros.tolist() == [100, 200, 300]
    assert measured.counts.tolist() == [2, 1, 1]
    assert [measured.percentile(share) for share in (0.5, 0.75, 0.76, 1.0)] == [0.1, 0.2, 0.3, 0.3]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=60), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_percentiles_are_those_of_the_single_times(times, share):
    micros, counts = np.unique(times, return_counts=True)
    single = sorted(times)
    assert percentile(micros, counts, share) * 1000 == single[int(np.ceil(share * len(times) - 1e-9)) - 1]


ASKED = []


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        ASKED.append((self.path, self.headers.get("Authorization")))
        body = b"x" * 10
        self.send_response(404 if self.path.endswith("/b") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Quiet."""


@pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk")
def test_users_are_drawn_and_failures_counted(tmp_path):
    users = tmp_path / "users.txt"
    users.write_text("a\nb\nc\n")
    ASKED.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        measured = load(base, Load("/v1/{user}", users, 1, 2, key="k", pause_ms=5, core=0))
        server.shutdown()
        thread.join()
    paths = [path for path, _ in ASKED]
    assert set(paths) == {"/v1/a", "/v1/b", "/v1/c"}
    assert {key for _, key in ASKED} == {"Bearer k"}
    assert 0 <= len(paths) - measured.requests <= 2  # under way at the end
    assert 0 <= paths.count("/v1/b") - measured.refused <= 2
    assert measured.failed == 0
    assert measured.counts.sum() == measured.requests


SPIN = "import time\nwhile time.process_time() < 0.3: pass\nprint('spun', flush=True)\ninput()"
SPINNING = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SPIN!r}], stdin=subprocess.PIPE)
input()
child.communicate(b"x")
"""


def test_processor_seconds_are_those_of_a_process_and_all_below_it():
    process = subprocess.Popen(
        [sys.executable, "-c", SPINNING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "spun\n"
    assert len(tree(process.pid)) == 2
    assert 0.25 <= cpu_seconds(process.pid) < 5
    assert "time.process_time" in command(process.pid)
    own = memory(process.pid)
    assert own.rss >= own.pss >= own.own > 0
    process.communicate("\n")
    assert cpu_seconds(process.pid) == 0
    assert command(process.pid) == ""


def test_this_process_is_below_its_parent():
    assert os.getpid() in tree(os.getppid())
