# SPDX-License-Identifier: BSD-2-Clause
"""Looking works when memory_budget is full: the page, its data, metrics and `tidepool top` answer out of view_reserve,
the largest pools first, and say what they had to leave out."""
import json
import re
import signal
import subprocess
import threading

import pytest

from tests.harness import instance
from tests.harness import wire

pytestmark = pytest.mark.ours

CONFIG = '''memory_budget @budget@; control unix:control.sock; events { worker_connections 2000; }
http { access_log off; client_header_timeout 1h; client_body_timeout 1h; client_max_body_size 0; client_body_buffer_size 16k; large_client_header_buffers 4 32k;
    server { listen 127.0.0.1:@http@;
        location / { return 200 "text"; }
        location = /body { echo_body; }
        location /pools/ { pool_view; } location = /metrics { metrics; } location = /status { stub_status; } } }'''
LARGE, LARGE_HEAD = 10, 100000


class Crowd:
    """Clients that hold what they can get: bodies and heads that never end, and whoever is refused comes again."""

    def __init__(self, server, size):
        self.server, self.size, self.clients, self.ends = server, size, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def join(self, kind):
        client = self.server.client()
        self.clients.append(client)
        if kind % 3 == 0:
            client.send(wire.request('POST', '/body', [('Content-Length', '1000000')]) + b'b' * 40000)
        elif kind % 3 == 1:
            client.send(b'GET / HTTP/1.1\r\nHost: a\r\n' + b'X: ' + b'h' * 20000 + b'\r\n')
        else:
            client.send(b'GET / HTTP/1.1\r\nHost: a\r\n')

    def run(self):
        kind = 0
        while not self.ends.wait(.01):
            kind += 1
            try:
                self.join(kind)
            except OSError:
                pass
            if len(self.clients) > self.size:
                self.clients.pop(0).close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()
        for client in self.clients:
            client.close()


def exhausted(server):
    return 'memory_budget reached' in server.read('error.log')


@pytest.fixture
def full(server, request):
    """A server whose budget is full, with LARGE connections that hold most of it. A parameter: its view_reserve."""
    server.configure(getattr(request, 'param', '') + CONFIG.replace('@budget@', '3m'), workers=2)
    server.start()
    largest = []
    for _ in range(LARGE):
        client = server.client()
        client.send(b'GET / HTTP/1.1\r\nHost: a\r\n' + 4 * (b'X: ' + b'l' * 30000 + b'\r\n'))
        largest.append(client)
    server.wait_for(lambda: sum(row['total_bytes'] >= LARGE_HEAD for row in rows(server)) == LARGE,
                    'the large ones to be there')
    with Crowd(server, 200) as crowd:
        server.wait_for(lambda: exhausted(server), 'the budget to be full')
        yield server, largest
        assert crowd.thread.is_alive()
    for client in largest:
        client.close()


def rows(server):
    return json.loads(server.get('/pools/data').text)['connections']['rows']


@pytest.mark.plain
def test_each_view_answers(full):
    server, _ = full
    for _ in range(20):
        page = server.get('/pools/')
        assert page.status == 200 and page.text.rstrip().endswith('</html>')
        assert server.get('/pools/data').status == 200
        assert json.loads(server.get('/pools/cells').body)['left_out'] == 0, 'a worker has 512 of them in any case'
        metrics = server.get('/metrics')
        assert metrics.status == 200 and 'tidepool_memory_budget_bytes 3145728' in metrics.text
        assert server.get('/status').status == 200
        trace = server.get('/pools/trace')
        assert trace.status == 503 or json.loads(trace.body)['truncated'], 'a replay needs memory: whole, or not at all'
        top = subprocess.run([*instance.WRAPPER, instance.BINARY, 'top', '-1', '-c', f"unix:{server.path('control.sock')}"],
                             capture_output=True, text=True, check=False)
        assert top.returncode == 0, top.stderr


@pytest.mark.plain
def test_a_burst_takes_no_loan_away(full):
    """While the workers stand still, connections that want nothing queue up, and somebody who looks behind them: each has
    its time to ask, so that who looks is answered."""
    server, _ = full
    for _ in range(5):
        server.process.send_signal(signal.SIGSTOP)
        silent = [server.client() for _ in range(40)]
        with server.client() as client:
            client.send(wire.request('GET', '/pools/data'))
            server.process.send_signal(signal.SIGCONT)
            answer = client.response()
            assert answer.status == 200, answer
        for one in silent:
            one.close()


@pytest.mark.plain
def test_the_largest_are_listed(full):
    server, largest = full
    ports = {client.socket.getsockname()[1] for client in largest}
    for _ in range(20):
        data = json.loads(server.get('/pools/data').text)
        listed = sorted(data['connections']['rows'], key=lambda row: -row['total_bytes'])[:LARGE]
        got = {int(row['client'].rsplit(':', 1)[1]): row['total_bytes'] for row in data['connections']['rows']}
        assert {int(row['client'].rsplit(':', 1)[1]) for row in listed} == ports, (ports - set(got), sorted(got.values())[-14:], data['connections']['rows_left_out'], data['connections']['short_of_memory'], data['connections']['matched'], [(w['rows'], w['short_of_memory']) for w in data['workers']])


@pytest.mark.plain
@pytest.mark.parametrize('full', ['view_reserve 0; '], indirect=True)
def test_without_it_looking_is_refused(full):
    """What the reserve is for: without it some of so many looks find no memory."""
    server, _ = full

    def refused():
        try:
            return server.get('/pools/data').status != 200
        except (wire.Closed, wire.ProtocolError, ConnectionError):
            return True
    server.wait_for(refused, 'a look to be refused')


@pytest.mark.plain
def test_others_get_nothing_of_it(full):
    """Whoever borrowed and does not look is answered 503 with Retry-After: what is kept stays free."""
    server, _ = full

    def refused():
        try:
            answer = server.get('/')
        except (wire.Closed, wire.ProtocolError, ConnectionError):
            return False
        return answer.status == 503 and answer.get('Retry-After') == '1' and '503 Service' in answer.text
    server.wait_for(refused, 'a borrower to be told so')

    def bare(method):
        """The answer that is sent past everything: its page is fixed, and says no version."""
        with server.client() as client:
            try:
                client.send(wire.request(method, '/'))
                got = client.socket.makefile('rb').read()
            except ConnectionError:
                return False
        head, _, page = got.partition(b'\r\n\r\n')
        if not head.startswith(b'HTTP/1.1 503 ') or b'Date:' in head:
            return False
        assert b'\r\nContent-Type: text/html\r\n' in head and b'\r\nRetry-After: 1\r\n' in head
        assert int(re.search(rb'Content-Length: (\d+)', head).group(1)) == (len(page) or 353 * (method == 'HEAD'))
        assert not page or page.startswith(b'<!doctype html>') and b'color-scheme' in page and page.endswith(b'</html>\r\n')
        return True
    for method in 'GET', 'HEAD':
        server.wait_for(lambda: bare(method), 'an answer without memory')  # pylint: disable=cell-var-from-loop
    assert server.get('/pools/data').status == 200


@pytest.mark.plain
@pytest.mark.parametrize('reserve, listed', [('', True), ('view_reserve 0; ', False)])
def test_above_the_budget_of_a_worker(server, reserve, listed):
    """worker_memory_budget is gone round by as much as view_reserve says, and by nothing if it is 0."""
    server.configure(reserve + 'worker_' + CONFIG.replace('@budget@', '1m'))
    server.start()
    with Crowd(server, 200):
        server.wait_log('worker_memory_budget reached')

        def answers():
            top = subprocess.run([*instance.WRAPPER, instance.BINARY, 'top', '-1', '-c', f"unix:{server.path('control.sock')}"],
                                 capture_output=True, text=True, check=False)
            return top.returncode == 0
        if listed:
            assert [answers() for _ in range(20)] == 20 * [True]
        else:
            server.wait_for(lambda: not answers(), 'a look to be refused')
