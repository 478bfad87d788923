"""An ALTO server over mutual TLS that says whatever stands in a file, sense or nonsense.

Arguments: its PKI folder, the CA of its clients, the answers (JSON: path to [media type, text], read for each request).
Prints its port. An answer whose media type is "wait" takes as many seconds as its text says, and is nothing then.
"""

import http.server
import json
import pathlib
import ssl
import sys
import time

pki, clients, answers = (pathlib.Path(argument) for argument in sys.argv[1:4])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        media, text = json.loads(answers.read_text()).get(self.path, [None, ""])
        if media == "wait":
            time.sleep(float(text))
            self.close_connection = True
            return
        body = text.encode()
        self.send_response(200 if media else 404)
        self.send_header("Content-Type", media or "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(pki / "server.pem", pki / "server-key.pem")
context.load_verify_locations(clients)
context.verify_mode = ssl.CERT_REQUIRED
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
