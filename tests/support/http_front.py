"""An HTTP server in front of the cluster's own files, as somebody on the path could set one up:
gives what lies in a folder, and for all other names one status.

    http_front.py ADDRESS PORT STATUS FOLDER

Prints "ready", then a line for each request: "STATUS NAME".  Ends when it is killed.
"""

import http.server
import os
import sys


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 404
    folder = "."

    def do_GET(self):
        name = os.path.basename(self.path)
        content, status = b"", self.status
        try:
            with open(os.path.join(self.folder, name), "rb") as f:
                content, status = f.read(), 200
        except OSError:
            pass
        print(status, name, flush=True)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):
        pass


def main():
    address, port, status, folder = sys.argv[1:]
    Front.status = int(status)
    Front.folder = folder
    with http.server.ThreadingHTTPServer((address, int(port)), Front) as server:
        print("ready", flush=True)
        server.serve_forever()


main()
