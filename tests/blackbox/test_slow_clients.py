# SPDX-License-Identifier: BSD-2-Clause
"""Clients that stall, at every stage of a connection's life: each is let go by the one timeout that is meant for
it (the others are long), told 408 where an answer is still possible (RFC 9110 15.5.9), logged; and what it held
comes back."""
import os
import re
import select
import socket
import time

import pytest

from tests.harness.wire import Closed, chunked, request

TIMEOUTS = {'header': 'client_header_timeout', 'body': 'client_body_timeout', 'send': 'send_timeout',
            'idle': 'keepalive_timeout', 'linger': 'lingering_timeout', 'dripping': 'lingering_time'}
SHORT = '300ms'
CLIENTS = 5  # of each kind at once


def config():
    servers = ''
    for port, name in TIMEOUTS.items():
        times = ' '.join(f'{other} {SHORT if other == name else "60s"};' for other in TIMEOUTS.values())
        servers += f'''
        server {{
            listen 127.0.0.1:@{port}@;
            {times}
            root @dir@/html;
            client_max_body_size 8m;
            location /echo {{ echo_body; client_body_buffer_size 1k; }}
            location /whole {{ echo_body whole; client_body_buffer_size 1k; }}
            location /text {{ return 200 "text"; }}
            location /small {{ client_max_body_size 10; return 200 "text"; }}
        }}'''
    return f'''
    stream {{ server {{ listen 127.0.0.1:@echo@; echo; echo_timeout {SHORT}; }} }}
    http {{
        access_log access.log combined;
        client_body_temp_path @dir@/body;
        {servers}
        server {{ listen 127.0.0.1:@http@; access_log off; location / {{ stub_status; }} }}
    }}'''


@pytest.fixture(scope='module')
def slow(tmp_path_factory):
    from tests.harness import instance
    server = instance.Server(tmp_path_factory.mktemp('slow'))
    server.write('html/big.bin', b'b' * (24 << 20))
    server.configure(config())
    server.start()
    server.get('/')
    yield server
    try:
        server.stop()
    finally:
        server.kill()


pytestmark = pytest.mark.ours

POST = b'POST %s HTTP/1.1\r\nHost: a\r\n'
LENGTH = b'Content-Length: 10\r\n\r\n'
LARGE = b'Content-Length: 100000\r\n\r\n' + b'l' * 50000
CHUNKS = b'Transfer-Encoding: chunked\r\n\r\n'
LINE = 'reading client request line'
HEAD = 'reading client request headers'
BODY = 'reading client request body'


def body(target, *parts):
    return POST % target + b''.join(parts)


# Where it stalls: the server that it stalls on; what it sends; statuses of the answers it gets before the connection
# closes, None for one that is cut; what the log says that the server was doing; statuses in the access log.
STAGES = {
    'nothing': ('header', b'', [], '.*', []),
    'empty lines': ('header', b'\r\n', [408], LINE, [408]),
    'method': ('header', b'GE', [408], LINE, [408]),
    'target': ('header', b'GET /te', [408], LINE, [408]),
    'request line': ('header', b'GET /text HTTP/1.1\r', [408], LINE, [408]),
    'field name': ('header', b'GET /text HTTP/1.1\r\nHo', [408], HEAD, [408]),
    'field value': ('header', b'GET /text HTTP/1.1\r\nHost: a', [408], HEAD, [408]),
    'large field': ('header', b'GET /text HTTP/1.1\r\nHost: a\r\nX: ' + b'x' * 5000, [408], HEAD, [408]),
    'between fields': ('header', b'GET /text HTTP/1.1\r\nHost: a\r\n', [408], HEAD, [408]),
    'before the last line': ('header', b'GET /text HTTP/1.1\r\nHost: a\r\n\r', [408], HEAD, [408]),
    'second head': ('header', request('GET', '/text') + b'GET /te', [200, 408], LINE, [200, 408]),
    'between head and body': ('body', body(b'/echo', LENGTH), [408], BODY, [408]),
    'within a body': ('body', body(b'/echo', LENGTH, b'abc'), [408], BODY, [408]),
    'before the first chunk': ('body', body(b'/echo', CHUNKS), [408], BODY, [408]),
    'chunk size': ('body', body(b'/echo', CHUNKS, b'5'), [408], BODY, [408]),
    'chunk extension': ('body', body(b'/echo', CHUNKS, b'5;ext'), [408], BODY, [408]),
    'chunk line': ('body', body(b'/echo', CHUNKS, b'5\r'), [408], BODY, [408]),
    'chunk data': ('body', body(b'/echo', CHUNKS, b'5\r\nhel'), [408], BODY, [408]),
    'behind chunk data': ('body', body(b'/echo', CHUNKS, b'5\r\nhello'), [408], BODY, [408]),
    'between chunks': ('body', body(b'/echo', CHUNKS, b'5\r\nhello\r\n'), [408], BODY, [408]),
    'last chunk': ('body', body(b'/echo', CHUNKS, b'5\r\nhello\r\n0\r\n'), [408], BODY, [408]),
    'trailer': ('body', body(b'/echo', CHUNKS, b'5\r\nhello\r\n0\r\nX-Su'), [408], BODY, [408]),
    'behind a trailer': ('body', body(b'/echo', CHUNKS, b'5\r\nhello\r\n0\r\nX-Sum: 1\r\n'), [408], BODY, [408]),
    'body that streams': ('body', body(b'/echo', LARGE), [None], BODY, [200]),
    'body in a file': ('body', body(b'/whole', LARGE), [408], BODY, [408]),
    'body that nobody wants': ('body', body(b'/text', LENGTH, b'abc'), [200], BODY, [200]),
    'expected body': ('body', body(b'/echo', b'Expect: 100-continue\r\n', LENGTH), [100, 408], BODY, [408]),
    'answer': ('send', request('GET', '/big.bin'), [None], 'sending to client', [200]),
    'answer from a file': ('send', body(b'/whole', b'Content-Length: 6000000\r\n\r\n' + b'f' * 6000000), [None],
                           'sending to client', [200]),
    'answers to a pipeline': ('send', request('GET', '/text') + request('GET', '/big.bin'), [200, None],
                              'sending to client', [200, 200]),
    'between requests': ('idle', request('GET', '/text'), [200], 'waiting for request', [200]),
    'behind two requests': ('idle', request('GET', '/text') * 2, [200, 200], 'waiting for request', [200, 200]),
    'lingering': ('linger', body(b'/small', b'Content-Length: 1000000\r\n\r\n' + b'l' * 100), [413], 'lingering',
                  [413]),
}


def answers(client, wanted):
    """Reads what comes until the connection closes, and looks at it."""
    for status in wanted:
        if status == 100:
            assert client.head().status == 100
        elif status is None:
            with pytest.raises(Closed):
                client.response()
        else:
            answer = client.response()
            assert answer.status == status
            if status in (408, 413):
                assert answer.get('Connection') == 'close'
    if None not in wanted:
        client.expect_close()


def all_is_back(server, descriptors):
    """No connection is left but the one that asks, and no file."""
    server.wait_for(lambda: 'Active connections: 1 ' in server.get('/').text, 'the connections\' end')
    server.wait_for(lambda: server.descriptors() <= descriptors, 'the descriptors')
    assert not any(names for _, _, names in os.walk(server.path('body')))


@pytest.mark.parametrize('stage', STAGES)
def test_stalls(slow, stage):
    port, data, wanted, doing, statuses = STAGES[stage]
    errors, accesses = (len(slow.read(name)) for name in ('error.log', 'access.log'))
    descriptors = slow.descriptors()
    clients = []
    for _ in range(CLIENTS):
        client = slow.client(port)
        if port == 'send':  # as little as the kernels let a stalled reader take
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        clients.append(client.send(data))
    # Who reads does not stall: the answers are looked at when all have been given up.
    slow.wait_for(lambda: slow.read('error.log')[errors:].count('client timed out') == CLIENTS, 'the timeouts')
    for client in clients:
        if port != 'send':  # there the kernels still hold megabytes of the answer
            answers(client, wanted)
        client.close()
    all_is_back(slow, descriptors)
    said = slow.read('error.log')[errors:]
    timed_out = re.findall(rf'\[info\].* client timed out(?: \(110: .*\))? while {doing}, client: 127\.0\.0\.1', said)
    assert len(timed_out) == CLIENTS, said
    logged = re.findall(r'" (\d{3}) \d+ "', slow.read('access.log')[accesses:])
    assert sorted(map(int, logged)) == sorted(statuses * CLIENTS)


def test_dripping_into_a_refusal(slow):
    """Who goes on sending after a refusal, never silent for long, is let go after lingering_time."""
    descriptors = slow.descriptors()
    with slow.client('dripping') as client:
        client.send(body(b'/small', b'Content-Length: 1000000\r\n\r\n'))
        assert client.response('POST').status == 413
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                client.send(b'x')
                time.sleep(0.01)
    all_is_back(slow, descriptors)


@pytest.mark.parametrize('piece', [b'X: y\r\n', b'x'], ids=['fields', 'bytes'])
def test_dripping_head(slow, piece):
    """client_header_timeout is for the whole head: what drips in does not prolong it."""
    with slow.client('header') as client:
        client.send(b'GET /text HTTP/1.1\r\nHost: a\r\nA')
        for _ in range(400):
            if select.select([client.socket], [], [], 0.05)[0]:
                break
            client.send(piece)
        assert client.response().status == 408


def test_dripping_body_is_read(slow):
    """client_body_timeout is between two reads, as in nginx: who goes on is read on, six times as long."""
    data = chunked(*[b'x'] * 30)
    with slow.client('body') as client:
        client.send(body(b'/echo', CHUNKS))
        for at in range(0, len(data), 3):
            client.send(data[at:at + 3])
            time.sleep(0.05)
        assert client.response('POST').body == b'x' * 30


@pytest.mark.parametrize('data', [b'', b'hello', b'e' * 100000], ids=['nothing', 'little', 'much'])
def test_echo(slow, data):
    """Silent, after being served, and with what is not read; what was taken goes back before the end."""
    errors, descriptors = len(slow.read('error.log')), slow.descriptors()
    clients = [slow.client('echo').send(data) for _ in range(CLIENTS)]
    for client in clients:
        assert client.exactly(len(data)) == data
        client.expect_close()
        client.close()
    all_is_back(slow, descriptors)
    assert len(re.findall(r'client timed out', slow.read('error.log')[errors:])) == CLIENTS


def test_echo_unread(slow):
    descriptors = slow.descriptors()
    clients = [slow.client('echo', patience=0.1) for _ in range(CLIENTS)]
    for client in clients:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises((TimeoutError, ConnectionError)):
            while True:
                client.send(b'e' * 65536)
    all_is_back(slow, descriptors)
    for client in clients:
        client.close()


@pytest.mark.plain
def test_memory_comes_back(slow):
    """Three rounds of all stages hold no more than the first did."""
    def stall_everywhere():
        clients, errors = [], len(slow.read('error.log'))
        for port, data, _, _, _ in STAGES.values():
            client = slow.client(port)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            clients.append(client.send(data))
        slow.wait_for(lambda: slow.read('error.log')[errors:].count('client timed out') == len(STAGES), 'the timeouts')
        for client in clients:
            client.close()
        slow.wait_for(lambda: 'Active connections: 1 ' in slow.get('/').text, 'the connections\' end')
        return slow.anonymous_kib()

    first = stall_everywhere()
    stall_everywhere()
    assert stall_everywhere() - first < 256
