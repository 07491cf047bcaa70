# SPDX-License-Identifier: BSD-2-Clause
"""Plays a server to the page of pool_view, so that a test decides what it is told, and when."""
import http.server
import json
import threading

from tests.harness.wire import PATIENCE


class Stand(http.server.ThreadingHTTPServer):
    """Plays a server: the page, history and data of `real`, and a stream that the test writes."""
    daemon_threads = True

    def __init__(self, real):
        parts = {name: real.get('/pools/' + name).body for name in ('', 'data', 'history')}
        self.parts = parts
        self.data, self.streams, self.opened = json.loads(parts['data']), [], threading.Condition()
        stand = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                name = self.path.rsplit('/', 1)[1].split('?')[0]
                if name == 'events':
                    stand.stream(self)
                    return
                body = json.dumps(stand.data).encode() if name == 'data' else parts[name]
                self.send_response(200)
                self.send_header('Content-Type', 'text/html; charset=utf-8' if not name else 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass
        super().__init__(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stream(self, handler):
        handler.send_response(200)
        handler.send_header('Content-Type', 'text/event-stream')
        handler.send_header('Connection', 'close')
        handler.end_headers()
        ends = threading.Event()
        with self.opened:
            self.streams.append((handler.wfile, ends))
            self.opened.notify_all()
        ends.wait()
        handler.close_connection = True

    def send(self, event, data):
        """To the newest stream, which there must be first."""
        with self.opened:
            assert self.opened.wait_for(lambda: self.streams, PATIENCE)
            file = self.streams[-1][0]
        file.write(f'event: {event}\ndata: {data}\n\n'.encode())

    def snapshot(self, **server):
        self.data['server'].update(server, time=self.data['server']['time'] + 1)
        self.send('snapshot', json.dumps(self.data))

    def cut(self):
        with self.opened:
            self.streams.pop()[1].set()
