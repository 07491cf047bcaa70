# SPDX-License-Identifier: BSD-2-Clause
"""What a start says of where it serves: notices in the log, the last of which says how to stop and to watch the server."""
import os
import re
import subprocess

import pytest

pytestmark = pytest.mark.ours

USER = 'user root; ' if os.geteuid() == 0 else ''
CONFIGURATION = USER + '''daemon off; pid tidepool.pid; error_log error.log notice; %(main)s events { worker_connections 64; }
http {
    access_log off;
    server {
        listen 127.0.0.1:@http@;
        listen unix:@dir@/http.sock;
        server_name named;
        location /pools/ { pool_view; }
        location = /metrics { metrics; }
        location ~ /regex { metrics; }
    }
    server { listen 127.0.0.1:@http@ default_server; return 200 "%(text)s"; }
    %(more)s
}
stream { server { listen 127.0.0.1:@echo@; echo; } }
'''


def configure(server, main='', more='', text='first'):
    server.configure_raw(CONFIGURATION % {'main': main, 'more': more, 'text': text})


def notices(server):
    return re.findall(r'\[notice\] \d+#\d+: (.*)', server.read('error.log'))


def test_start(server):
    """Every address in the order of the file, with the paths at which the server is looked at; a location by a regular
    expression has none."""
    configure(server, 'control unix:@dir@/control.sock;')
    server.start()
    http, control = f'127.0.0.1:{server.port()}', f'unix:{server.path("control.sock")}'
    server.wait_log('Ctrl-C stops')
    assert notices(server) == [
        'start worker threads', 'tidepool/0.1.0, 1 worker', f'control on {control}',
        f'listening on http://{http}/ (pools: /pools/, metrics: /metrics)',
        f'http on unix:{server.path("http.sock")}', f'echo on 127.0.0.1:{server.port("echo")}',
        f'Ctrl-C stops; tidepool top -c {control} watches']
    assert subprocess.run([server.command()[0], 'top', '-1', '-c', control], capture_output=True, check=False).returncode == 0


def test_nothing_to_watch_by(server):
    configure(server)
    server.start()
    server.wait_log('Ctrl-C stops$')


def test_reload(server):
    """Only what is new is said."""
    configure(server)
    server.start()
    server.wait_log('Ctrl-C stops')
    before = len(notices(server))
    configure(server, more='server { listen 127.0.0.1:@other@; location /m { metrics; } }', text='second')
    server.reload(lambda: server.get().text == 'second')
    said = [line for line in notices(server)[before:] if not line.startswith(('signal', 'reconfiguring'))]
    assert said == [f'listening on http://127.0.0.1:{server.port("other")}/ (metrics: /m)']
    configure(server, main='worker_processes 3;', text='third')
    server.reload(lambda: server.get().text == 'third')
    assert notices(server)[-1] == 'tidepool/0.1.0, 3 workers'
