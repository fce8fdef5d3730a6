"""An integrator's backend with the button in one line, as docs/integrator.md tells to build it.

It shares no code with Token Ledger. Its page allows itself nothing but what the button needs. Finishes are
relayed, and bound to the session. Usage: backend.py LEDGER KEY SANDBOX; prints its port.
"""
import base64
import hashlib
import html
import http.server
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request

LEDGER, KEY, SANDBOX = sys.argv[1:4]
POLICY = (
    f"default-src 'none'; script-src {LEDGER}/v1/connect-button.js {SANDBOX}; connect-src 'self'; "
    f"frame-src {SANDBOX}; img-src {SANDBOX}; base-uri 'none'; form-action 'none'"
)
VERIFIERS = {}


def call(method, path, body=None):
    """What the ledger answers: status and JSON."""
    request = urllib.request.Request(
        LEDGER + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Backend(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, content_type, text, **headers):
        body = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def user(self):
        query = urllib.parse.urlsplit(self.headers["Referer"] or self.path).query
        return urllib.parse.parse_qs(query)["user"][0]

    def do_GET(self):
        if not self.path.startswith("/?user="):
            return self.answer(404, "text/plain", "")
        status, user = call("GET", "/v1/users/" + urllib.parse.quote(self.user(), safe=""))
        mode = user["next_mode"] if status == 200 else "create"
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Relay</title>'
            f'<body><p id="mode">{html.escape(mode)}</p>'
            f'<script src="{LEDGER}/v1/connect-button.js" data-launch="/launch" '
            f'data-relay="/relay/{{launch_id}}" data-library="{SANDBOX}/connect.js"></script>'
        )
        self.answer(200, "text/html", page, Content_Security_Policy=POLICY)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length) or "{}")
        if self.path == "/launch":
            verifier = secrets.token_urlsafe(32)
            digest = hashlib.sha256(verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            status, answer = call("POST", "/v1/launches", {
                "client_user_id": self.user(), "finish": "relay", "session_challenge": challenge,
            })
            if status == 201:
                VERIFIERS[answer["launch_id"]] = verifier
        else:
            _, launch, *report = self.path.strip("/").split("/")
            if not report:
                body["session_verifier"] = VERIFIERS[launch]
            path = f"/v1/launches/{launch}/{report[0] if report else 'finish'}"
            status, answer = call("POST", path, body)
        self.answer(status, "application/json", json.dumps(answer))


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
print(server.server_address[1], flush=True)
server.serve_forever()
