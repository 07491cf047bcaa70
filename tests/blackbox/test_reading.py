# SPDX-License-Identifier: BSD-2-Clause
"""Settings of reading and sending that show only when they are looked for: nginx's ngx_core_module and ngx_http_core_module
(worker_processes, client_header_buffer_size, connection_pool_size, merge_slashes, lingering_time, sendfile), and
strict_line_endings; daemon."""
import os
import re
import signal
import time

import pytest

from tests.harness.instance import OURS
from tests.harness.wire import PATIENCE, request

SERVER = 'server { listen 127.0.0.1:@http@; %s location / { %s return 200 "$uri"; } }'


def test_daemon(server):
    """nginx: `daemon on` leaves the terminal: the command ends, another process serves."""
    user = 'user root; ' if os.geteuid() == 0 else ''
    server.configure_raw(f'daemon on; {user}pid tidepool.pid; error_log error.log info; events {{ }}\n'
                         'http { access_log off; ' + SERVER % ('', '') + ' }')
    assert server.run('-c', 'nginx.conf').returncode == 0
    server.wait_for(lambda: server.read('tidepool.pid').strip(), 'the pid file')
    assert server.get('/x').text == '/x'
    os.kill(int(server.read('tidepool.pid')), signal.SIGTERM)
    server.wait_for(lambda: not os.path.exists(server.path('tidepool.pid')), 'the end')


@pytest.mark.ours
@pytest.mark.plain  # ThreadSanitizer has a thread of its own
def test_worker_processes(server):
    """A thread each, and the main one."""
    server.http(SERVER % ('', ''), workers=3)
    server.start()
    assert len(os.listdir(f'/proc/{server.pid}/task')) == 4


def test_client_header_buffer_size(server):
    """nginx: a head that fits in the first buffer needs none of the large ones, however small those are."""
    server.http('client_header_buffer_size 4k; large_client_header_buffers 1 1k; ' + SERVER % ('', ''))
    server.start()
    assert server.get('/x', fields=[('X-Long', 'x' * 3000)]).status == 200
    assert server.get('/x', fields=[('X-Long', 'x' * 9000)]).status in (400, 431)


def test_merge_slashes(server):
    server.http(SERVER % ('merge_slashes off;', ''))
    server.start()
    assert server.get('//a//b').text == '//a//b'


@pytest.mark.ours
def test_strict_line_endings(server):
    """RFC 9112 2.2: a recipient MAY take a single LF as the end of a line; here it need not."""
    server.http(SERVER % ('strict_line_endings on;', ''))
    server.start()
    with server.client() as client:
        assert client.send(b'GET / HTTP/1.1\nHost: x\n\n').response().status == 400


def test_lingering_time(server):
    """nginx: what still comes is read and dropped for so long at most, however busy the client is."""
    server.http(SERVER % ('lingering_time 200ms; lingering_timeout 60s; client_max_body_size 1;', 'echo_body;'
                          if OURS else ''))
    server.start()
    with server.client() as client:
        client.send(request('POST', '/', [('Content-Length', str(1 << 30))]))
        deadline, ended = time.monotonic() + PATIENCE, False
        while not ended and time.monotonic() < deadline:
            try:
                client.send(b'x')
            except OSError:
                ended = True
            time.sleep(0.02)
        assert ended


@pytest.mark.plain
def test_sendfile(server):
    """proc(5): sendfile(2) counts as reading and as writing (wchar), sending to a socket does not."""
    size = 4 << 20
    server.write('html/big.bin', b'b' * size)
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; sendfile on; }')
    server.start()

    def written():
        total = 0
        for pid in server.pids():
            with open(f'/proc/{pid}/io', encoding='ascii') as file:
                total += int(re.search(r'^wchar: ([0-9]+)', file.read(), re.M).group(1))
        return total
    before = written()
    assert len(server.get('/big.bin').body) == size
    assert written() - before >= size


@pytest.mark.ours
def test_connection_pool_size(server):
    """The first block is the pool's: what an idle connection holds is no less."""
    server.http('connection_pool_size 32k; ' + SERVER % ('location /metrics { metrics; }', ''))
    server.start()

    def held():
        text = server.get('/metrics').text
        return sum(float(value) for value in re.findall(r'^tidepool_worker_memory_held_bytes\S* ([0-9.e+]+)$', text, re.M))
    before = held()
    clients = [server.client() for _ in range(8)]
    for client in clients:
        client.ask()
    assert held() - before >= 8 * 32768
    for client in clients:
        client.close()
