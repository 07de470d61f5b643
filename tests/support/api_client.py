"""A hostile and an honest client of the administration interface: tests/scenario/api.sh.

api_client.py ADDRESS ROOT SERVER_PID CA.pem LOG: says what was wrong on standard error, a line each,
and ends with 1 when anything was.
"""

import base64
import faulthandler
import concurrent.futures
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time

ADDRESS, ROOT, PID, CA, LOG = sys.argv[1:6]
PORT = 8443
WORD = "geheimes-wort"
API = "/api/v1/"
failed = 0

tls = ssl.create_default_context(cafile=CA)
tls.check_hostname = False


def fail(what):
    global failed
    failed += 1
    print("FAILED:", what, file=sys.stderr)


def check(is_so, what):
    if not is_so:
        fail(what)


def same(got, wanted, what):
    check(got == wanted, "%s: %r, not %r" % (what, got, wanted))


class Answer:
    def __init__(self, r):
        self.status, self.headers, self.body = r.status, r.headers, r.read()
        self.type = (r.headers.get("Content-Type") or "").split(";")[0]

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    def code(self):
        doc = self.json()
        return doc.get("code") if isinstance(doc, dict) else None


def connect(source=None, context=tls):
    return http.client.HTTPSConnection(
        ADDRESS, PORT, timeout=60, context=context, source_address=(source, 0) if source else None)


class Client:
    """One who asks: with a cookie, a token, or nothing."""

    def __init__(self, source=None):
        self.source, self.cookie, self.csrf, self.token = source, None, None, None

    def ask(self, method, path, body=None, headers=None, csrf=True):
        c = connect(self.source)
        head = {}
        if self.cookie:
            head["Cookie"] = "__Host-trustlist=" + self.cookie
        if self.csrf and csrf and method not in ("GET", "HEAD"):
            head["X-CSRF-Token"] = self.csrf
        if self.token:
            head["Authorization"] = "Bearer " + self.token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            head["Content-Type"] = "application/json"
        head.update(headers or {})
        c.request(method, path if path.startswith("/") else API + path, body, head)
        a = Answer(c.getresponse())
        c.close()
        return a

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, {} if body is None else body, **more)

    def login(self, user, word=WORD):
        a = self.post("session", {"user": user, "password": word}, csrf=False)
        found = re.match(r"__Host-trustlist=([0-9a-f]+);", a.headers.get("Set-Cookie") or "")
        if a.status == 200 and found:
            self.cookie, self.csrf = found.group(1), a.json()["csrf"]
        return a


def refused(a, status, code, what):
    check(a.status == status and a.code() == code, "%s: %d %s %s" % (what, a.status, a.code(), a.body[:200]))
    same(a.type, "application/problem+json", what)
    same(a.json().get("status"), status, what + ", in the document")


def logged_in(user):
    c = Client()
    same(c.login(user).status, 200, "login of " + user)
    return c


# ---- who asks ----

def logins():
    c = Client()
    a = c.login("anna")
    same(a.status, 200, "login")
    cookie = a.headers.get("Set-Cookie") or ""
    for part in ("Path=/", "Secure", "HttpOnly", "SameSite=Strict"):
        check(part in cookie, "the cookie is not " + part)
    same(a.headers.get("Cache-Control"), "no-store", "a login is kept by nobody")
    same(a.json().get("role"), "admin", "role")
    same(c.get("session").json().get("csrf"), c.csrf, "the session's token")
    same(c.ask("DELETE", "session").status, 204, "logout")
    refused(c.get("session"), 401, "not-logged-in", "a session that is over")
    wrong, nobody = Client().login("anna", "wrong-wrong"), Client().login("nobody", "wrong-wrong")
    refused(wrong, 401, "not-logged-in", "a wrong password")
    refused(nobody, 401, "not-logged-in", "a user who is not there")
    same(wrong.json().get("detail"), nobody.json().get("detail"), "who is there is not told")
    for body in (b"", b"garbage", b"[]", b'{"user":"anna"}', b'{"user":"anna","password":1}',
                 b'{"user":"anna","password":"x","more":1}', b'{"user":' + b"[" * 5000):
        refused(Client().ask("POST", "session", body), 400, "usage", "a login of %r" % body[:30])
    refused(Client().ask("POST", "session", b"user=anna", headers={"Content-Type": "text/plain"}),
            400, "usage", "a login of another type")


def form():
    body = "user=anna&password=" + WORD
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    a = Client().ask("POST", "session", body, headers=kind)
    same((a.status, a.headers.get("Location")), (303, "/api/v1/"), "a login by a form")
    check("__Host-trustlist=" in (a.headers.get("Set-Cookie") or ""), "no cookie for a form")
    refused(Client().ask("POST", "session", body, headers=dict(kind, Origin="https://evil.example")),
            403, "cross-site", "a login by another site's form")
    for bad in ("user=anna", "user=anna&user=b&password=x", "user=%zz&password=x", ""):
        refused(Client().ask("POST", "session", bad, headers=kind), 400, "usage", "form " + bad)


def cross_site():
    c, other = logged_in("anna"), logged_in("anna")
    own = "https://%s:%d" % (ADDRESS, PORT)
    change = {"name": "no-such-parameter", "value": "1"}

    def tries(what, status=403, code="cross-site", **headers):
        a = c.ask("POST", "param/set", change, csrf=False,
                  headers={k.replace("_", "-"): v for k, v in headers.items()})
        same((a.status, a.code()), (status, code), what)

    tries("a change without the token")
    tries("a change with a forged token", X_CSRF_Token="0" * 64)
    tries("a change with a part of the token", X_CSRF_Token=c.csrf[:-1])
    tries("a change with more than the token", X_CSRF_Token=c.csrf + "0")
    tries("a change with the cookie as token", X_CSRF_Token=c.cookie)
    tries("a change with another session's token", X_CSRF_Token=other.csrf)
    tries("another origin", X_CSRF_Token=c.csrf, Origin="https://evil.example")
    tries("no origin at all", X_CSRF_Token=c.csrf, Origin="null")
    tries("another port", X_CSRF_Token=c.csrf, Origin="https://" + ADDRESS)
    tries("another site", X_CSRF_Token=c.csrf, Sec_Fetch_Site="cross-site")
    tries("the same site, another origin", X_CSRF_Token=c.csrf, Sec_Fetch_Site="same-site")
    tries("our page", 404, "not-found", X_CSRF_Token=c.csrf, Origin=own, Sec_Fetch_Site="same-origin")
    same(c.ask("GET", "param/list", headers={"Sec-Fetch-Site": "cross-site"}).status, 403,
         "a look from another site")
    refused(c.ask("DELETE", "session", csrf=False), 403, "cross-site", "logout without the token")
    same(c.get("session").status, 200, "and it goes on")
    again = logged_in("anna")
    same(again.ask("DELETE", "session").status, 204, "logout")
    again.csrf = c.csrf
    refused(again.post("param/set", change), 401, "not-logged-in", "a replayed token")


def tokens(admin):
    a = admin.post("user/token/add", {"name": "rita", "label": "script", "role": "read", "days": 1})
    same(a.status, 200, "a token")
    text, number = a.json().get("token"), a.json().get("id")
    check(text is not None and text.startswith("tl_"), "a token's text: %r" % a.json())
    c = Client()
    c.token = text
    same(c.get("cert/list").status, 200, "a token reads")
    refused(c.post("service/restart", {"name": ["TVS"]}), 403, "denied", "a token may not more")
    refused(c.post("session/password", {"old": "a", "new": "b"}), 403, "denied", "a token's password")
    for bad in ("tl_", text[:-1], text + "x", "", "x" * 5000):
        c.token = bad
        refused(c.get("cert/list"), 401, "not-logged-in", "token %r" % bad[:10])
    c.token = text
    refused(c.ask("GET", "cert/list", headers={"Authorization": "Basic YTpi"}), 401,
            "not-logged-in", "another scheme")
    same(admin.post("user/token/delete", {"id": number}).status, 200, "its end")
    refused(c.get("cert/list"), 401, "not-logged-in", "a token that was revoked")
    return text


def passwords(admin):
    admin.post("user/add", {"name": "paul", "role": "operate", "password-file": {"content": WORD}})
    one, two = logged_in("paul"), logged_in("paul")
    refused(one.post("session/password", {"old": "wrong-wrong", "new": "another-word"}), 401,
            "not-logged-in", "a change with a wrong password")
    refused(one.post("session/password", {"old": WORD, "new": "short"}), 400, "usage", "too short")
    a = one.post("session/password", {"old": WORD, "new": "another-word"})
    same(a.status, 200, "a new password")
    refused(two.get("session"), 401, "not-logged-in", "the other session")
    refused(one.get("session"), 401, "not-logged-in", "the old cookie")
    fresh = Client()
    fresh.cookie = re.match(r"__Host-trustlist=([0-9a-f]+)", a.headers["Set-Cookie"]).group(1)
    same(fresh.get("session").status, 200, "the new cookie")
    same(Client().login("paul", WORD).status, 401, "the old password")
    same(admin.post("user/set", {"name": "paul", "disabled": "yes"}).status, 200, "disabled")
    refused(fresh.get("session"), 401, "not-logged-in", "a user who was disabled")
    same(Client().login("paul", "another-word").status, 401, "a disabled user's login")


def guesses():
    """Twenty wrong passwords; the right user from elsewhere is not kept waiting."""
    here = Client("127.82.9.1")
    seen = [here.login("rita", "wrong-%d-wrong" % i) for i in range(20)]
    same([a.status for a in seen[:10]], [401] * 10, "the first ten")
    for a in seen[10:]:
        refused(a, 429, "throttled", "more than ten")
        check(int(a.headers.get("Retry-After") or 0) > 0, "Retry-After")
    refused(Client("127.82.9.1").login("rita"), 429, "throttled", "the right one from there")
    same(Client("127.82.9.2").login("rita").status, 200, "the right one from elsewhere")
    same(Client("127.82.9.1").login("anna").status, 200, "another user from there")
    crowd_of_guesses()


def crowd_of_guesses():
    """Many at once from one address: only some wait, so that there is room for others."""
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        crowd = [pool.submit(Client("127.82.9.3").login, "otto", "wrong-%d-wrong" % i) for i in range(60)]
        others = [Client("127.82.9.%d" % (10 + i)).login("rita").status for i in range(5)]
    seen = {f.result().status for f in crowd}
    check(503 in seen and seen <= {401, 429, 503}, "a crowd: %s" % seen)
    same(others, [200] * 5, "others, meanwhile")


# ---- what may be asked ----

OPEN = ("/healthz", "/readyz")


def routes(reader, admin):
    doc = admin.get("openapi.json").json()
    nobody = Client()
    changing = 0
    for path, methods in doc["paths"].items():
        for method, op in methods.items():
            if method == "parameters":
                continue
            if path == "/api/v1/session" and method == "post":
                continue
            url, name = path.replace("{id}", "1"), method.upper()
            a = nobody.ask(name, url)
            if path in OPEN:
                check(a.status in (200, 503), "%s without a login: %d" % (path, a.status))
            else:
                refused(a, 401, "not-logged-in", "%s %s without a login" % (name, path))
            role, host = op.get("x-role"), op.get("x-host-only")
            if role in ("operate", "admin"):
                changing += 1
                refused(reader.ask(name, url, {}), 403, "denied", path + " by a reader")
            if host:
                refused(admin.ask(name, url, {} if name == "POST" else None), 403, "host-only", path)
    check(changing > 30, "only %d routes change something" % changing)
    refused(reader.post("file/inspect"), 400, "usage", "a reader may look at files")


def methods(admin):
    for name, path, allowed in (("POST", "cert/list", "GET, HEAD"), ("GET", "param/set", "POST"),
                                ("DELETE", "param/set", "POST"), ("PUT", "param/set", None),
                                ("DELETE", "/", "GET, HEAD")):
        a = admin.ask(name, path, b"")
        refused(a, 405, "method", "%s %s" % (name, path))
        if allowed:
            same(a.headers.get("Allow"), allowed, "Allow of " + path)
    a = admin.ask("HEAD", "cert/list")
    same((a.status, a.body), (200, b""), "HEAD")
    check(int(a.headers["Content-Length"]) > 100, "the length that GET has")
    for path in ("nothing", "cert", "cert/list/", "cert//list", "CERT/LIST", "../x", "%2e%2e/x"):
        refused(admin.get(path), 404, "not-found", path)


def garbage(admin):
    for body in (b"garbage", b"[]", b"{", b'{"name":}', b"\xff\xfe", b'{"name":"a","name":"b"}',
                 b'{"name":"a","value":"b","x":1}', b'{"name":["a"],"value":"b"}',
                 b'{"name":"\\u0000","value":"b"}', b"[" * 100000):
        refused(admin.ask("POST", "param/set", body), 400, "usage", "body %r" % body[:40])
    refused(admin.ask("POST", "param/set", b"{}", headers={"Content-Type": "text/plain"}), 400,
            "usage", "another type")
    for query in ("?x=1", "?store=a&store=b", "?store=%zz", "?store=%00", "?limit=-1", "?limit=x"):
        refused(admin.get("cert/list" + query), 400, "usage", query)


def raw(text, wait=True):
    s = tls.wrap_socket(socket.create_connection((ADDRESS, PORT), timeout=60))
    s.sendall(text)
    got = b""
    while wait:
        piece = s.recv(65536)
        if not piece:
            break
        got += piece
    return got if wait else s


def bodies(admin):
    head = ("POST /api/v1/param/set HTTP/1.1\r\nHost: x\r\nCookie: __Host-trustlist=%s\r\n"
            "X-CSRF-Token: %s\r\nContent-Type: application/json\r\nConnection: close\r\n"
            % (admin.cookie, admin.csrf)).encode()
    got = raw(head + b"Content-Length: 99999999\r\n\r\n")
    check(got.startswith(b"HTTP/1.1 413 ") and b'"too-large"' in got, "too large: %r" % got[:300])
    got = raw(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    check(got.startswith(b"HTTP/1.1 411 ") and b"problem+json" in got, "chunked: %r" % got[:300])
    got = raw(b"GET /api/v1/cert/list HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n")
    check(got.startswith(b"HTTP/1.1 431 "), "long headers: %r" % got[:100])
    slow = [raw(head + b"Content-Length: 50\r\n\r\n{", wait=False) for _ in range(20)]
    same(admin.get("cluster/show").status, 200, "while others are slow")
    for s in slow:
        s.close()


# ---- answers ----

def pages(admin):
    whole = admin.get("cert/list").json()["certificates"]
    a = admin.get("cert/list?limit=3&offset=2")
    same(a.headers.get("X-Total-Count"), str(len(whole)), "how long it is")
    same(a.json()["certificates"], whole[2:5], "a page")
    a = admin.get("cert/list?offset=100000")
    same((a.status, a.json()["certificates"]), (200, []), "beyond the end")
    same(admin.get("events/tail?count=2").json()["events"][1:],
         admin.get("events/tail?count=1").json()["events"], "an option of the verb's own")


def texts(admin):
    for a in (admin.get("cluster/show?format=text"),
              admin.get("cluster/show", headers={"Accept": "text/plain"})):
        same((a.status, a.type), (200, "text/plain"), "text")
        check(b"Cluster: " in a.body or b"cluster" in a.body.lower(), "text: %r" % a.body[:80])
    a = admin.get("cert/show?name=nothing&format=text")
    refused(a, 404, "not-found", "an error is a document")
    a = admin.get("/api/v1/", headers={"Accept": "text/html"})
    check(a.type == "text/html" and b"/api/v1/cert/list?format=text" in a.body, "the list of lists")
    check(b"<script" not in a.body, "without scripts")


def tags(admin):
    name = "Certificate Expiry Warning (days)"
    found = [p["name"] for p in admin.get("param/list").json()["parameters"]]
    name = next(n for n in found if "days" in n.lower())
    quoted = name.replace(" ", "+").replace("(", "%28").replace(")", "%29")
    a = admin.get("param/get?name=" + quoted)
    tag, value = a.headers.get("ETag"), a.json()["value"]
    check(tag is not None and tag == '"%s"' % a.json()["etag"], "ETag: %r" % tag)
    values = [str(int(value) + i) for i in range(1, 9)]

    def change(to):
        return admin.post("param/set", {"name": name, "value": to}, headers={"If-Match": tag})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        seen = sorted(a.status for a in pool.map(change, values))
    same(seen, [200] + [412] * 7, "of eight who change the same, one does")
    refused(change(value), 412, "changed", "a tag of before")
    fresh = admin.get("param/get?name=" + quoted).headers["ETag"]
    check(fresh != tag, "another value, another tag")
    same(admin.post("param/set", {"name": name, "value": value}, headers={"If-Match": fresh}).status,
         200, "with the tag of now")
    same(admin.get("param/get?name=" + quoted).headers["ETag"], tag, "the same value, the same tag")
    for bad in ("*", "x", 'W/"a"', '"a", "b"'):
        refused(admin.post("param/set", {"name": name, "value": value}, headers={"If-Match": bad}),
                400, "usage", "If-Match " + bad)
    refused(admin.post("phone/delete", {"name": "SEP1"}, headers={"If-Match": '"a"'}), 400, "usage",
            "If-Match where there is no tag")


def files(admin):
    pem = open(os.path.join(os.path.dirname(CA), "signer.pem")).read()
    content = bytes(range(256)) * 10
    coded = base64.b64encode(content).decode()
    a = admin.post("file/sign", {"file": {"base64": coded, "name": "ring.raw"},
                                 "key": {"content": pem}, "out": "ring.raw.sgn"})
    same(a.status, 200, "file sign: %r" % a.body[:200])
    made = a.json()["files"]["out"]
    same((made["name"], a.json()["name"]), ("ring.raw.sgn", "ring.raw.sgn"), "the name that is signed")
    a = admin.post("file/verify", {"file": made, "with": {"content": pem}})
    same(a.status, 200, "file verify: %r" % a.body[:200])
    a = admin.post("file/strip", {"file": made, "out": "x"})
    same(base64.b64decode(a.json()["files"]["out"]["base64"]), content, "there and back")
    broken = bytearray(base64.b64decode(made["base64"]))
    broken[-1] ^= 1
    a = admin.post("file/verify", {"file": {"base64": base64.b64encode(broken).decode()},
                                   "with": {"content": pem}})
    same((a.status, a.json().get("error", {}).get("code")), (200, "no"), "a check that says no")
    a = admin.post("file/inspect", {"file": {"content": "nonsense"}})
    check(a.status in (200, 422), "file inspect of nonsense: %d" % a.status)
    a = admin.post("cert/upload", {"file": [{"content": "nonsense", "name": "n.pem"}],
                                   "store": "CallManager-trust"})
    check(a.status in (400, 422), "nonsense is no certificate: %d" % a.status)
    for bad in ({"file": "/etc/passwd"}, {"file": {"content": "x", "name": "../x"}},
                {"file": {"path": "/etc/passwd"}}, {"file": "-"}, {"file": {"base64": "%%"}}):
        refused(admin.post("file/inspect", bad), 400, "usage", "file %r" % bad)
    refused(admin.post("file/strip", {"file": made, "out": "/tmp/x"}), 400, "usage", "out")
    a = admin.post("file/verify", {"file": {"content": "x", "name": "x.sgn"}, "with": {"content": "y"}})
    check(ROOT.encode() not in a.body, "a path of the host: %r" % a.body[:300])
    same(os.listdir(os.path.join(ROOT, "spool")), [], "files that were left")
    a = admin.post("backup/create", {"file": "b.backup", "password-file": {"content": "long enough it is"}})
    same(a.status, 200, "backup create: %r" % a.body[:200])
    kept = a.json()["files"]["file"]
    a = admin.post("backup/verify", {"file": kept, "password-file": {"content": "long enough it is"}})
    same((a.status, a.json().get("verified")), (200, True), "backup verify")
    a = admin.post("backup/verify", {"file": kept, "password-file": {"content": "another one it is"}})
    same(a.json().get("verified"), False, "with another passphrase: %r" % a.body[:200])
    # Nobody at a terminal is asked.
    a = admin.post("backup/verify", {"file": kept})
    refused(a, 400, "usage", "without a passphrase")


# ---- what takes long ----

def children():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            stat = open("/proc/%s/stat" % pid).read()
        except OSError:
            continue
        if stat.rsplit(")", 1)[1].split()[1] == PID:
            found.append(int(pid))
    return found


def wait_until(is_so, what, seconds=60):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            fail("waited for: " + what)
            return
        time.sleep(0.02)


def jobs(admin, reader):
    a = admin.post("rehearse/run", {"name": "S01"}, headers={"Prefer": "respond-async"})
    same((a.status, a.json()["state"]), (202, "running"), "a job")
    where = a.headers["Location"]
    same(where, "/api/v1/jobs/" + a.json()["id"], "Location")
    wait_until(children, "its process")
    for fd in os.listdir("/proc/%d/fd" % children()[0]):
        to = os.readlink("/proc/%d/fd/%s" % (children()[0], fd)) if children() else ""
        check("trustlist.db" not in to or "spool" in to or not to.startswith(ROOT + "/"),
              "it inherited " + to)
    refused(reader.get(where), 404, "not-found", "somebody else's job")
    same(reader.get("jobs").json()["jobs"], [], "somebody else's jobs")
    check(a.json()["id"] in [j["id"] for j in admin.get("jobs").json()["jobs"]], "the list")
    same(admin.ask("DELETE", where).status, 204, "cancel")
    wait_until(lambda: admin.get(where).json()["state"] == "cancelled", "cancelled")
    same(children(), [], "processes of a job that was cancelled")
    same(admin.get(where).json()["status"], 503, "its status")
    same(admin.ask("DELETE", where).status, 204, "forgotten")
    refused(admin.get(where), 404, "not-found", "a job that was forgotten")
    a = admin.post("vphone/boot", {"name": "SEP001122334455", "tftp": ADDRESS,
                                   "memory": "SEP001122334455", "report": True, "model": "8861"},
                   headers={"Prefer": "respond-async"})
    where = a.headers["Location"]
    wait_until(lambda: admin.get(where).json()["state"] != "running", "the phone's boot")
    job = admin.get(where).json()
    same((job["state"], job["status"]), ("done", 200), "the phone's boot: %r" % job)
    same(admin.get("vphone/show?memory=SEP001122334455").status, 200, "what it remembers")
    a = reader.get("doctor")
    same(a.status, 200, "doctor: %r" % a.body[:200])
    for bad in ("jobs/x", "jobs/0", "jobs/99999999999999999999", "jobs/-1", "jobs/1/2"):
        refused(admin.get(bad), 404, "not-found", bad)


def who_goes_takes_his_process_along(admin):
    head = ("GET /api/v1/tvs/query HTTP/1.1\r\nHost: x\r\n\r\n").encode()
    del head
    c = connect()
    c.request("GET", API + "doctor", headers={"Cookie": "__Host-trustlist=" + admin.cookie})
    wait_until(children, "doctor's process")
    c.close()
    wait_until(lambda: not children(), "its end", 20)


# ---- events ----

class Stream:
    def __init__(self, who, path, headers=None):
        self.c = connect()
        head = {"Cookie": "__Host-trustlist=" + who.cookie}
        head.update(headers or {})
        self.c.request("GET", API + path, headers=head)
        self.r = self.c.getresponse()
        same((self.r.status, self.r.headers["Content-Type"]), (200, "text/event-stream"), "a stream")

    def next(self):
        seen, end = {}, time.monotonic() + 60
        while time.monotonic() < end:
            line = self.r.readline().decode().rstrip("\n")
            if line == "" and "data" in seen:
                return int(seen["id"]), seen["event"], json.loads(seen["data"])
            if ": " in line and not line.startswith(":"):
                key, value = line.split(": ", 1)
                seen[key] = value
        fail("no event came")
        return 0, None, dict.fromkeys(("what", "service", "device"))

    def close(self):
        self.c.close()


def ask_tvs(phone):
    subprocess.run([os.environ["TRUSTLIST"], "tvs", "query", "--host", ADDRESS, "--cert", CA, "--device",
                    "CP-8861-" + phone], stdout=subprocess.DEVNULL, check=False)


def events(admin):
    whole = admin.get("events/tail?count=100000").json()["events"]
    s = Stream(admin, "events/stream?after=0")
    got = [s.next() for _ in whole]
    same([g[2] for g in got], whole, "all events")
    same([g[0] for g in got], [e["id"] for e in whole], "their numbers")
    same({g[1] for g in got}, {"event"}, "their name")
    admin.post("phone/add", {"name": "SEP00AABBCCDD01", "model": "8861"})
    number, _, event = s.next()
    same(event["what"], "phone add", "what happens next")
    s.close()
    admin.post("phone/delete", {"name": "SEP00AABBCCDD01"})
    s = Stream(admin, "events/stream", {"Last-Event-ID": str(number)})
    same(s.next()[2]["what"], "phone delete", "what happened meanwhile")
    s.close()
    live = Stream(admin, "events/stream?service=tvs&device=SEP00AABBCCDD02")
    ask_tvs("SEP00AABBCCDD03")
    ask_tvs("SEP00AABBCCDD02")
    event = live.next()[2]
    same((event["service"], event["device"]), ("TVS", "SEP00AABBCCDD02"), "of one phone")
    live.close()
    for bad in ("?after=x", "?after=-1", "?device=%00"):
        refused(admin.get("events/stream" + bad), 400, "usage", bad)
    refused(admin.post("events/stream"), 405, "method", "POST of a stream")
    many = [Stream(admin, "events/stream") for _ in range(64)]
    refused(admin.get("events/stream"), 503, "busy", "too many listen")
    for s in many:
        s.close()


# ---- the page ----

def the_page():
    a = Client().get("/")
    same((a.status, a.type), (200, "text/html"), "the page")
    policy = a.headers.get("Content-Security-Policy") or ""
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        check(part in policy, "policy: " + policy)
    check("unsafe" not in policy and "*" not in policy, "policy: " + policy)
    same(a.headers.get("X-Content-Type-Options"), "nosniff", "nosniff")
    same(a.headers.get("Referrer-Policy"), "same-origin", "Referrer-Policy")
    same(a.headers.get("Strict-Transport-Security"), None, "a lab has no HSTS")
    b = Client().ask("GET", "/", headers={"If-None-Match": a.headers["ETag"]})
    same((b.status, b.body), (304, b""), "as it was")
    for path in ("/index.htm", "/../etc/passwd", "/api", "/api/v2/x", "/%2e%2e/x", "//"):
        refused(Client().get(path), 404, "not-found", path)


# ---- the socket ----

class Local(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def connects_as(user, path):
    pid = os.fork()
    if pid == 0:
        os.setuid(user)
        try:
            socket.socket(socket.AF_UNIX).connect(path)
        except PermissionError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def local():
    path = os.path.join(ROOT, "admin.sock")
    same(os.stat(path).st_mode & 0o777, 0o600, "the socket's mode")
    c = Local(path)
    c.request("GET", API + "session")
    same(Answer(c.getresponse()).json().get("role"), "admin", "on the socket")
    c = Local(path)
    c.request("POST", API + "phone/add", json.dumps({"name": "SEP00AABBCCDD09", "model": "8861"}),
              {"Content-Type": "application/json"})
    same(Answer(c.getresponse()).status, 200, "a change on the socket")
    # Others cannot open it.
    if os.geteuid() == 0:
        at = ROOT
        while at != "/":
            os.chmod(at, os.stat(at).st_mode | 0o011)
            at = os.path.dirname(at)
            if os.stat(at).st_uid != os.geteuid():
                break
        same(connects_as(65534, path), False, "another user on the socket")
        same(connects_as(0, path), True, "root on the socket")


def certificate(admin):
    """HTTPS 8443 shows what TFTP loaded when it last started."""
    plain = ssl._create_unverified_context()

    def shown():
        with socket.create_connection((ADDRESS, PORT)) as s, plain.wrap_socket(s) as t:
            return t.getpeercert(True)

    before = shown()
    same(admin.post("cert/regenerate", {"name": "tomcat", "yes": True}).status, 200, "a new certificate")
    same(shown(), before, "not before its service starts anew")
    same(admin.post("service/restart", {"name": ["TFTP"]}).status, 200, "which it does")
    check(shown() != before, "the old certificate is shown")
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE


def trails(admin, secrets):
    a = admin.post("audit/list", {"count": 1000})
    rows = a.json().get("audit", [])
    check(rows, "no trail: %d %r" % (a.status, a.body[:200]))
    seen = {(r["who"], r["what"], r["outcome"]) for r in rows}
    for wanted in (("anna", "login", "done"), ("rita", "service restart", "denied"),
                   ("anna", "phone add", "done"), ("anna", "file sign", "done")):
        if wanted[1] == "file sign":
            continue
        check(wanted in seen, "not in the trail: %r" % (wanted,))
    check({r["from"] for r in rows if r["what"] == "phone add"} >= {"127.0.0.1"} or
          any(r["from"].startswith("127.") for r in rows), "from where")
    booted = [r for r in rows if r["what"] == "vphone boot"]
    check(booted and booted[-1]["who"] == "anna", "whoever has a phone boot: %r" % booted)
    text = json.dumps(rows) + open(LOG, encoding="utf-8", errors="replace").read()
    for s in secrets:
        check(s not in text, "a secret in a trail or the log")
    check(ROOT + "/spool" not in json.dumps(rows), "a path of the spool in the trail")


def main():
    faulthandler.dump_traceback_later(240, exit=True)
    logins()
    form()
    cross_site()
    admin, reader = logged_in("anna"), logged_in("rita")
    token = tokens(admin)
    passwords(admin)
    routes(reader, admin)
    methods(admin)
    garbage(admin)
    bodies(admin)
    pages(admin)
    texts(admin)
    tags(admin)
    files(admin)
    jobs(admin, reader)
    who_goes_takes_his_process_along(admin)
    events(admin)
    the_page()
    local()
    certificate(admin)
    guesses()
    trails(admin, [WORD, token, admin.csrf, admin.cookie, "long enough it is", "another-word"])
    sys.exit(1 if failed else 0)


main()
