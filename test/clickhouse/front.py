"""A small HTTP front before ClickHouse's engine (package chdb), for tests.

It takes what Portico sends to ClickHouse's HTTP interface: POST with a statement as the body, or with it in
the query string and rows as the body; database and param_* in the query string; user and password as
headers. Settings are part of the statements. One statement runs at a time, in one session that ends with the process.

usage: front.py FOLDER USER PASSWORD    prints the port that it listens on
"""
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

folder, user, password = sys.argv[1:4]
engine = session.Session(os.path.join(folder, "data"))
lock = threading.Lock()


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(given, body):
    """Runs a statement with its settings and parameters, and forgets them."""
    statement, rows = given.get("query"), None
    if statement is None:
        statement = body.decode()
    else:
        rows = os.path.join(folder, "rows")
        with open(rows, "wb") as f:
            f.write(body)
        statement = re.sub(r"(?= (SETTINGS|FORMAT) )", f" FROM INFILE {quoted(rows)}", statement, count=1)
    engine.query("USE " + given.get("database", "default"))
    params = {k.removeprefix("param_"): v for k, v in given.items() if k.startswith("param_")}
    return engine.query(statement, params=params).bytes()


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one piece

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (self.headers["X-ClickHouse-User"], self.headers["X-ClickHouse-Key"]) != (user, password):
            return self.answer(403, b"Code: 516. DB::Exception: Authentication failed", 516)
        try:
            with lock:
                return self.answer(200, run(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)), body))
        except Exception as e:  # the engine's errors begin as the server's do
            code = re.match(r"Code: (\d+)", str(e))
            return self.answer(500, str(e).encode(), int(code[1]) if code else 0)

    def answer(self, status, body, code=0):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[4]) if len(sys.argv) > 4 else 0), Front)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
