# SPDX-License-Identifier: BSD-2-Clause
"""The stream block: echo, its back-pressure and its limits."""
import os
import socket
import threading

import pytest

from tests.harness.instance import has_ipv6
from tests.harness.wire import Client, Closed

pytestmark = pytest.mark.ours

ECHO = 'stream { %s server { listen 127.0.0.1:@echo@; echo; %s } }'


def start(server, inside='', outside='', **options):
    server.configure(ECHO % (outside, inside), **options)
    return server.start()


def exchange(client, data, step=65536):
    """Sends all and reads as much, at the same time; returns what came."""
    sender = threading.Thread(target=lambda: [client.send(data[at:at + step])
                                              for at in range(0, len(data), step)])
    sender.start()
    got = client.exactly(len(data))
    sender.join()
    return got


def test_echo(server):
    start(server)
    with server.client('echo') as client:
        for data in (b'hello\n', b'\0\xff\r\n', b'x' * 5000, b'y'):
            assert client.send(data).exactly(len(data)) == data
        client.expect_open()


def test_half_close(server):
    """What was sent before the FIN comes back, all of it, and then the connection ends."""
    start(server)
    for size in (0, 1, 100, 70000, 3 << 20):
        data = os.urandom(size)
        with server.client('echo') as client:
            sender = threading.Thread(target=lambda: client.send(data).finish())
            sender.start()
            assert client.rest() == data
            sender.join()


def test_large_volume(server):
    start(server, workers=2)
    data = os.urandom(1 << 20) * 16
    with server.client('echo') as client:
        assert exchange(client, data) == data


def test_byte_by_byte(server):
    start(server)
    data = os.urandom(600)
    with server.client('echo') as client:
        client.send_slowly(data)
        assert client.exactly(len(data)) == data


@pytest.mark.plain
def test_slow_reader_is_held_back(server):
    """Back-pressure: a client that sends and does not read fills no memory of ours; in the end all bytes come
    back."""
    start(server, 'echo_buffer_size 16k;')
    with server.client('echo') as warm:
        exchange(warm, b'w' * (1 << 20))
    before = server.anonymous_kib()
    clients, sent = [server.client('echo') for _ in range(20)], {}
    for client in clients:
        client.socket.setblocking(False)
        sent[client] = 0
    still = 0
    while still < 30:
        moved = 0
        for client in clients:
            try:
                moved += (count := client.socket.send(b'p' * 65536))
                sent[client] += count
            except BlockingIOError:
                pass
        still = 0 if moved else still + 1
        threading.Event().wait(0.01)
    assert sum(sent.values()) > 20 << 17
    assert server.anonymous_kib() - before < 4096
    for client in clients:
        client.socket.settimeout(20)
        client.finish()
        assert len(client.rest()) == sent[client]
        client.close()


@pytest.mark.plain
def test_long_echo_does_not_grow(server):
    """The pool of a long connection does not grow: its buffers are used over again."""
    start(server)
    data = b'l' * (8 << 20)
    with server.client('echo') as client:
        exchange(client, data)
        before = server.anonymous_kib()
        for _ in range(6):
            assert exchange(client, data) == data
        assert server.anonymous_kib() - before <= 128


@pytest.mark.parametrize('size', ['1k', '4k', '64k'])
def test_echo_buffer_size(server, size):
    start(server, f'echo_buffer_size {size};')
    data = os.urandom(300000)
    with server.client('echo') as client:
        assert exchange(client, data) == data


def test_echo_timeout(server):
    """A connection on which nothing moves is closed after echo_timeout."""
    start(server, 'echo_timeout 300ms;')
    with server.client('echo') as client:
        assert client.send(b'x').exactly(1) == b'x'
        client.expect_close()


def test_echo_timeout_starts_anew(server):
    start(server, 'echo_timeout 2s;')
    with server.client('echo') as client:
        for _ in range(15):
            assert client.send(b'x').exactly(1) == b'x'
            threading.Event().wait(0.2)


def test_vanishing_clients(server):
    start(server)
    for data in (b'', b'x', b'z' * 300000):
        for _ in range(10):
            client = server.client('echo')
            client.socket.setblocking(False)
            try:
                client.socket.send(data)
            except BlockingIOError:
                pass
            client.reset()
    with server.client('echo') as client:
        assert client.send(b'alive').exactly(5) == b'alive'


def test_limit_conn(server):
    """nginx: limit_conn in stream: what is above is closed."""
    start(server, 'limit_conn addr 2;', 'limit_conn_zone $binary_remote_addr zone=addr:1m;')
    first, second = server.client('echo'), server.client('echo')
    assert first.send(b'1').exactly(1) == b'1' and second.send(b'2').exactly(1) == b'2'
    with server.client('echo') as third:
        third.expect_close()
    first.close()
    def free():
        with server.client('echo') as client:
            try:
                return client.send(b'3').exactly(1) == b'3'
            except (Closed, OSError):
                return False
    server.wait_for(free, 'a place to be free')
    second.close()


def test_unix_socket(server):
    server.configure('stream { server { listen unix:@dir@/echo.sock; echo; } }', workers=2)
    server.start()
    for _ in range(6):
        with Client(server.path('echo.sock')) as client:
            data = os.urandom(200000)
            assert exchange(client, data) == data


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
def test_ipv6(server):
    server.configure('stream { server { listen [::1]:@echo@; echo; } }')
    server.start()
    with Client(('::1', server.port('echo'))) as client:
        assert client.send(b'six').exactly(3) == b'six'


def test_quit_waits_for_nobody_for_ever(server):
    """QUIT with an open echo connection: worker_shutdown_timeout bounds it."""
    import signal
    server.configure('worker_shutdown_timeout 300ms; ' + ECHO % ('', ''))
    server.start()
    with server.client('echo') as client:
        assert client.send(b'x').exactly(1) == b'x'
        server.stop(signal.SIGQUIT)


def test_many_connections(server):
    start(server, workers=2)
    clients = [server.client('echo') for _ in range(200)]
    for round_ in range(3):
        for number, client in enumerate(clients):
            client.send(b'%d-%d;' % (round_, number))
        for number, client in enumerate(clients):
            text = b'%d-%d;' % (round_, number)
            assert client.exactly(len(text)) == text
    for client in clients:
        client.close()
    server.wait_for(lambda: server.descriptors() < 60, 'descriptors to be closed')
