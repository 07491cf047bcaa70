# SPDX-License-Identifier: BSD-2-Clause
"""Memory is bounded: each limit has its answer and one line in the log, which names it, what was used, what was asked
and the directive to turn; when all is full, idle connections make room, longest idle first, and accepting goes on; a
client that does not read costs no more than a fixed amount. Short forms of `make soak` and `make spike`."""
import re
import socket
import time

import pytest

from tests.harness.instance import ROOT
from tests.harness.wire import Closed, ProtocolError, chunked, request

from tests.load import bounded

pytestmark = pytest.mark.ours

LIMITS = '''large_client_header_buffers 2 2k; client_max_body_size 10k;
server { listen 127.0.0.1:@http@; location / { echo_body; } }'''


@pytest.mark.parametrize('bytes_sent, status, line', [
    (b'GET /' + b'u' * 3000 + b' HTTP/1.1\r\nHost: a\r\n\r\n', 414,
     r'client sent too long URI: large_client_header_buffers reached: \d+ of 2048 bytes of a buffer used, '
     r'1 more asked for "request line"; the directive to turn is large_client_header_buffers'),
    (b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'v' * 3000 + b'\r\n\r\n', 431,
     r'client sent too long header line: large_client_header_buffers reached: \d+ of 2048 bytes of a buffer used, '
     r'1 more asked for "header field"; the directive to turn is large_client_header_buffers'),
    (b'GET / HTTP/1.1\r\nHost: a\r\n' + b'X: ' * 1 + b'v' * 1500 + b'\r\nY: ' + b'v' * 1500 + b'\r\nZ: ' + b'v' * 1500 +
     b'\r\nW: ' + b'v' * 1500 + b'\r\n\r\n', 431,
     r'client sent too large request: large_client_header_buffers reached: 2 of 2 buffers used, '
     r'1 more asked for "header field"; the directive to turn is large_client_header_buffers'),
    (request('POST', '/', body=b'b' * 20000), 413,
     r'client intended to send too large body: client_max_body_size reached: 0 of 10240 bytes used, '
     r'20000 more asked for "body"; the directive to turn is client_max_body_size'),
    (request('POST', '/', [('Transfer-Encoding', 'chunked')]) + chunked(b'c' * 9000, b'c' * 3000), 413,
     r'client intended to send too large body: client_max_body_size reached: \d+ of 10240 bytes used, '
     r'\d+ more asked for "body"; the directive to turn is client_max_body_size'),
], ids=['414', '431 one line', '431 several', '413', '413 chunked'])
def test_outcomes(server, bytes_sent, status, line):
    level = 'error' if status == 413 else 'info'  # any client can cause 414 and 431, as with nginx
    server.http(LIMITS, error_log=f'error.log {level}')
    server.start()
    with server.client() as client:
        answer = client.send(bytes_sent).response('POST' if bytes_sent.startswith(b'POST') else 'GET')
        assert answer.status == status and answer.get('Connection') == 'close'
    server.wait_log(rf'\[{level}\] \d+#\d+: \*1 {line}')
    assert server.read('error.log').count('*1 ') == 1


@pytest.mark.parametrize('size', [30000, 60000])
def test_connection_budget(server, size):
    """503 with Retry-After while nothing of the answer is out, and one line."""
    server.http('connection_pool_budget 24k; large_client_header_buffers 4 64k; '
                'server { listen 127.0.0.1:@http@; location / { return 200 "$http_x"; } }', error_log='error.log error')
    server.start()
    with server.client() as client:
        answer = client.send(request('GET', '/', [('X', 'v' * size)])).response()
        assert answer.status == 503 and int(answer.get('Retry-After')) > 0
        client.expect_close()
    server.wait_log(r'connection_pool_budget reached: \d+ of 24576 bytes used, 65584 more asked for "input"; '
                    r'the directive to turn is connection_pool_budget')
    assert server.read('error.log').count('\n') == 1


def test_connection_budget_cuts(server):
    """Once the answer has begun only a cut is left; it is said so."""
    server.http('connection_pool_budget 60k; client_body_buffer_size 4k; client_max_body_size 0; '
                'server { listen 127.0.0.1:@http@; location / { echo_body; } }', error_log='error.log error')
    server.start()
    with server.client() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.socket.settimeout(10)
        client.send(request('POST', '/', [('Transfer-Encoding', 'chunked')]))
        with pytest.raises(ConnectionError):
            for _ in range(2000):
                client.send(b'4000\r\n' + b'c' * 16384 + b'\r\n')
    assert re.fullmatch(
        r'\S+ \S+ \[error\] \S+ \*1 the answer is cut: connection_pool_budget reached: \d+ of 61440 bytes used, \d+ more '
        r'asked for "output"; the directive to turn is connection_pool_budget( while [a-z ]+)?, client: .*\n', server.read('error.log'))


def idle_clients(server, count):
    clients = [server.client() for _ in range(count)]
    for client in clients:
        assert client.ask('GET', '/text').status == 200
    return clients


def is_closed(client):
    client.socket.setblocking(False)
    try:
        return client.socket.recv(1) == b''
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def hog(server, client):
    """An unfinished head of 200 KB. False: it was refused."""
    try:
        client.send(b'GET / HTTP/1.1\r\nHost: a\r\n' + b''.join(b'X-%d: ' % n + b'h' * 60000 + b'\r\n' for n in range(3)))
        return not is_closed(client)
    except ConnectionError:
        return False


@pytest.mark.plain
@pytest.mark.parametrize('directive, workers', [('memory_budget', 1), ('memory_budget', 2), ('worker_memory_budget', 1)])
def test_full(server, directive, workers):
    """Idle connections are closed, longest idle first, by every worker; new requests get 503 with Retry-After or are
    served; accepting goes on; afterwards all is well."""
    server.configure(directive + ' 6m; events { worker_connections 1000; } http { access_log off; '
                     'large_client_header_buffers 8 64k; server { listen 127.0.0.1:@http@; '
                     'location /text { return 200 "text"; } } }', workers=workers)
    server.start()
    idle = idle_clients(server, 300)
    hogs = []
    for _ in range(100):
        hogs.append(server.client())
        hog(server, hogs[-1])
    server.wait_log(r'\[warn\].*memory is short.* \d+ idle connections are closed, longest idle first')
    server.wait_for(lambda: is_closed(idle[0]), 'the longest idle one to be closed')
    if workers == 1:
        # Asked from the last to the first: more may be closed meanwhile, and always the first of those that are left.
        closed = [is_closed(client) for client in reversed(idle)][::-1]
        count = sum(closed)
        assert closed == [True] * count + [False] * (len(idle) - count)
    # Accepting goes on, and everybody is answered.
    seen = {bounded.witness(server) for _ in range(50)}
    assert seen <= {200, 503}
    server.wait_log(directive + r' reached: \d+ of 6291456 bytes used, \d+ more asked for "\w[\w ]*"; the directive to '
                    'turn is ' + directive)
    assert 'accepting pauses' not in server.read('error.log')
    assert bounded.resident(server) < 20 << 20
    for client in hogs + idle:
        client.close()
    server.wait_for(lambda: bounded.witness(server) == 200, 'all to be well again')
    assert idle_clients(server, 100)[0].ask('GET', '/text').status == 200


@pytest.mark.plain
def test_readers_that_never_read(server):
    """Pipelined requests whose answers nobody reads: 64 KiB are queued, then the connection is not read from."""
    server.write('html/large.bin', b'l' * (8 << 20))
    server.configure('stream { server { listen 127.0.0.1:@echo@; echo; } } http { access_log off; sendfile off; '
                     'large_client_header_buffers 4 32k; client_max_body_size 0; server { listen 127.0.0.1:@http@; '
                     'root @dir@/html; location = /long { return 200 "$http_x"; } location = /body { echo_body; } } }')
    server.start()
    assert server.get('/large.bin').status == 200
    before = bounded.resident(server)
    held = []
    for port, first, piece in (
            ('http', b'', request('GET', '/long', [('X', 'f' * 20000)])),
            ('http', b'', request('GET', '/large.bin')),
            ('echo', b'', b'e' * 65536),
            ('http', request('POST', '/body', [('Transfer-Encoding', 'chunked')]), b'10000\r\n' + b'c' * 65536 + b'\r\n')):
        for _ in range(10):
            one = socket.create_connection(server.address(port))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            one.settimeout(0.1)
            try:
                one.sendall(first)
                for _ in range(400):
                    one.sendall(piece)
            except TimeoutError:
                pass
            held.append(one)
    assert bounded.resident(server) - before < len(held) * 200 * 1024
    for one in held:
        one.close()


@pytest.mark.plain
def test_a_full_budget_is_logged_once_a_second(server):
    """However many are refused: each line names the limit and says how many more there were, and no refusal is lost."""
    server.configure('memory_budget 4m; events { worker_connections 2000; } http { access_log off; '
                     'large_client_header_buffers 8 64k; server { listen 127.0.0.1:@http@; '
                     'location = /status { stub_status; } location = /metrics { metrics; } '
                     'location /text { return 200 "text"; } } }', workers=2)
    server.start()
    began = time.monotonic()
    hogs = []
    for _ in range(700):
        try:
            hogs.append(server.client())
            hog(server, hogs[-1])
        except ConnectionError:
            pass
    for client in hogs:
        client.close()

    def refused():
        try:
            answer = server.get('/metrics')
        except (Closed, ProtocolError, ConnectionError):
            return 0
        return int(re.search(r'^tidepool_over_budget_total (\d+)$', answer.text, re.M).group(1)) if answer.status == 200 else 0

    def told():
        lines = re.findall(r'\[error\].*memory_budget (?:was )?reached.*', server.read('error.log'))
        counted = [int(n) for line in lines for n in re.findall(r'; (\d+) more refusals were not logged', line)]
        return len(lines), sum(counted) + sum(' was reached' not in line for line in lines)
    server.wait_for(lambda: told()[1] == refused(), 'the counts to be logged')
    assert refused() > 100
    assert 'worker_memory_budget' not in server.read('error.log'), 'it has none'
    assert told()[0] <= time.monotonic() - began + 2


def test_reload_changes_budgets(server):
    config = 'memory_budget @0@; worker_memory_budget @1@; http { access_log off; server { listen 127.0.0.1:@http@; ' \
             'large_client_header_buffers 8 512k; location / { return 200 "text"; } } }'
    def budgets(total, worker):
        return config.replace('@0@', total).replace('@1@', worker)
    def large():
        try:
            return server.get('/', fields=[('X', 'v' * 400000)]).status
        except (Closed, ProtocolError, ConnectionError):
            return 0
    server.configure(budgets('0', '300k'))
    server.start()
    assert large() in (503, 0)
    server.wait_log('the directive to turn is worker_memory_budget')
    server.configure(budgets('0', '0'))
    server.reload(lambda: large() == 200)


@pytest.mark.plain
def test_soak(server):
    figures = bounded.soak(server, 100, 4, 16 << 20)
    assert figures['peak'] - figures['start'] <= 1.1 * figures['budget']
    assert set(figures['statuses']) <= {200, 503} and sum(figures['statuses'].values()) > 5
    assert 'memory_budget reached' in server.read('error.log')


@pytest.mark.plain
def test_spike(server):
    figures = bounded.spike(server, 700, 2)
    assert figures['top'] - figures['start'] > 700 * 60 * 1024
    assert figures['end'] <= 1.1 * figures['start'] + (4 << 20)
