# SPDX-License-Identifier: BSD-2-Clause
"""What leaves in one TCP segment (RFC 9293 3.7; nginx: ngx_http_core_module, tcp_nopush: "sending the response header and
the beginning of a file in one packet"), and what is left to the kernel's queue while the server is stopped. Segments are
those that the client's kernel counts (tcp(7): TCP_INFO); over loopback one holds 64 KiB."""
import os
import signal
import socket
import struct

import pytest

from tests.harness.wire import request

pytestmark = pytest.mark.plain

CONFIG = '''
    sendfile on; open_file_cache off; root html;
    server {
        listen 127.0.0.1:@http@;
        location /pushed/ { alias html/; }
        location /joined/ { alias html/; tcp_nopush on; }
        location = /plain { return 200 "text"; }
    }
'''
ESTABLISHED = 1
# Linux, struct tcp_info: tcpi_state, tcpi_unacked (segments), tcpi_segs_in, tcpi_data_segs_in
STATE, UNACKED, SEGMENTS, DATA_SEGMENTS = (0, 'B'), (24, 'I'), (140, 'I'), (152, 'I')


def info(client, field):
    told = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from(field[1], told, field[0])[0]


@pytest.fixture(name='files')
def make_files(server):
    server.write('html/a', b'a' * 20000)
    server.http(CONFIG)
    server.start()
    return server


@pytest.fixture(name='stopped')
def stop(files):
    """Gives a client whose request has arrived before the server can accept it. Then all that the server's kernel has to
    say by itself is said."""
    def send(data):
        os.kill(files.pid, signal.SIGSTOP)
        try:
            client = files.client()
            client.send(data)
            files.wait_for(lambda: info(client, UNACKED) == 0, 'the acknowledgment')
            return client, info(client, SEGMENTS)
        finally:
            os.kill(files.pid, signal.SIGCONT)
    return send


@pytest.mark.parametrize('where, segments', [('joined', 1), ('pushed', 2)])
def test_tcp_nopush(stopped, where, segments):
    client, _ = stopped(request('GET', f'/{where}/a'))
    assert len(client.response().body) == 20000
    assert info(client, DATA_SEGMENTS) == segments


def test_nopush_is_no_delay(files):
    """The end of a file does not wait for more to join."""
    client = files.client()
    for _ in range(3):
        client.send(request('GET', '/joined/a'))
        assert len(client.response().body) == 20000
    assert info(client, STATE) == ESTABLISHED


@pytest.mark.ours
@pytest.mark.parametrize('count', [1, 3])
def test_answer_and_end(stopped, count):
    """RFC 9293 3.10.4: a FIN may leave with the last bytes before it. Of pipelined answers, too."""
    client, before = stopped(request('GET', '/plain') * (count - 1) +
                             request('GET', '/plain', [('Connection', 'close')]))
    for _ in range(count):
        assert client.response().text == 'text'
    client.expect_close()
    assert info(client, SEGMENTS) - before == 1


def test_bytes_behind_the_last_request(files):
    """RFC 9112 9.6: a server that closes while bytes come in is reset, and the answer must not go with that. An old
    browser's CRLF behind a body is enough."""
    for _ in range(300):
        client = files.client()
        client.send(request('GET', '/plain', [('Connection', 'close')]))
        try:
            client.send(b'\r\n')
        except ConnectionError:
            pass  # the server was faster
        assert client.response().text == 'text'
        client.close()


def test_many_at_once(files):
    """listen(2): connections wait in the kernel's queue until they are accepted; none is lost, however many there are."""
    os.kill(files.pid, signal.SIGSTOP)
    try:
        clients = [files.client() for _ in range(300)]
        for client in clients[::2]:
            client.send(request('GET', '/plain'))
    finally:
        os.kill(files.pid, signal.SIGCONT)
    for client in clients[::2]:
        assert client.response().text == 'text'
    for client in clients[1::2]:
        client.send(request('GET', '/plain'))
        assert client.response().text == 'text'
