# SPDX-License-Identifier: BSD-2-Clause
"""Advice: `tidepool advise`, and `request_pool_size auto`, which follows what requests need."""
import json
import re
import socket
import subprocess
import threading

import pytest

from tests.harness.instance import BINARY, WRAPPER
from tests.harness.wire import request

pytestmark = pytest.mark.ours

CONFIG = 'server { listen 127.0.0.1:@http@; location / { return 200 "ok"; } }'
SENTENCE = '99 % of 1000 requests needed at most 1536 bytes of the pool.'
ADVICE = '"advice":{"requests":1000,"known":true,"sentence":"' + SENTENCE + '"}'
WHOLE = ADVICE[:-1] + ',"more":"Half of them needed 1 KiB.","line":"request_pool_size 2k;"}'


class Peer:
    """A server that answers every connection with the same bytes, and keeps what it was asked."""

    def __init__(self, family, address, answer):
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.socket.listen()
        self.answer, self.asked = answer.encode(), b''
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        client = self.socket.accept()[0]
        with client:
            while not self.asked.endswith(b'\n') or (self.asked.startswith(b'GET') and
                                                     not self.asked.endswith(b'\r\n\r\n')):
                self.asked += client.recv(4096)
            client.sendall(self.answer)

    def close(self):
        self.thread.join(10)
        self.socket.close()


def over_unix(server, answer):
    path = server.path('control.sock')
    peer = Peer(socket.AF_UNIX, path, answer)
    return peer, f'unix:{path}'


def over_http(server, answer, path='/pools/'):
    peer = Peer(socket.AF_INET, ('127.0.0.1', server.port('peer')), answer)
    return peer, f'http://127.0.0.1:{server.port("peer")}{path}'


def advise(server, *arguments):
    return subprocess.run(WRAPPER + [BINARY, 'advise', *arguments], capture_output=True, text=True, timeout=60)


def test_control_socket(server):
    peer, where = over_unix(server, '{"schema":1,' + ADVICE + '}\n')
    done = advise(server, '-c', where)
    peer.close()
    assert (done.returncode, done.stdout, done.stderr) == (0, SENTENCE + '\n', '')
    assert re.fullmatch(rb'data[^\n]*\n', peer.asked)


def test_what_it_rests_on_and_a_line_to_copy(server):
    peer, where = over_unix(server, '{"schema":1,' + WHOLE + '}\n')
    done = advise(server, '-c', where)
    peer.close()
    assert done.stdout == SENTENCE + '\nHalf of them needed 1 KiB.\nrequest_pool_size 2k;\n'


def test_refused(server):
    peer, where = over_unix(server, '{"error":"not now"}\n')
    done = advise(server, '-c', where)
    peer.close()
    assert (done.returncode, done.stdout, done.stderr) == (1, '', 'tidepool: the server answers "not now"\n')


@pytest.mark.parametrize('path', ['', '/', '/pools', '/pools/'])
def test_http(server, path):
    peer, where = over_http(server, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{' + ADVICE + '}', path)
    done = advise(server, '-j', '-c', where)
    peer.close()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)['sentence'] == SENTENCE
    assert peer.asked.startswith(f'GET {path.rstrip("/")}/data?limit=0 HTTP/1.0\r\n'.encode())
    assert f'Host: 127.0.0.1:{server.port("peer")}\r\n'.encode() in peer.asked


@pytest.mark.parametrize('answer, said', [
    ('HTTP/1.1 403 Forbidden\r\n\r\n', 'the server answers "HTTP/1.1 403 Forbidden"'),
    ('SSH-2.0-none\r\n', 'the answer is not HTTP'),
    ('', 'the server said nothing and ended the connection: it is stopped, or has no room'),
    ('HTTP/1.1 200 OK\r\n\r\n{}', 'there is no advice in the answer'),
    ('HTTP/1.1 200 OK\r\n\r\n{"advice":{"sentence":"cut off', 'there is no advice in the answer'),
    ('HTTP/1.1 200 OK\r\n\r\n{"advice":{"known":true}}', 'there is no advice in the answer'),
])
def test_wrong_answers(server, answer, said):
    peer, where = over_http(server, answer)
    done = advise(server, '-c', where)
    peer.close()
    assert (done.returncode, done.stdout, done.stderr) == (1, '', f'tidepool: {said}\n')


@pytest.mark.parametrize('where, said', [
    ('ftp://x/', 'neither'), ('unix:', 'not the path'), ('unix:' + 'x' * 200, 'not the path'), ('http://', 'not an address'),
    ('http://[::1/', 'not an address'), ('http://127.0.0.1:/', 'not an address'), ('unix:/absent', 'No such file'),
])
def test_wrong_addresses(server, where, said):
    done = advise(server, '-c', where)
    assert done.returncode == 1 and said in done.stderr


def test_usage(server):
    assert advise(server, '-h').returncode == 0
    assert advise(server, '-x').returncode == 2
    assert advise(server, 'more').returncode == 2


@pytest.mark.plain
def test_size_follows_what_requests_need(server):
    """300 fields take an array of 512 (8 KiB), made by doubling: blocks of 4 KiB do not hold that."""
    server.http('request_pool_size auto; keepalive_requests 1000000; ' + CONFIG, error_log='error.log notice')
    server.start()
    many = request('GET', '/', [(f'X-{number}', 'x') for number in range(300)])
    line = r'request_pool_size auto: (\d+) instead of 4096 bytes, 99 % of the last requests needed at most (\d+)'
    with server.client() as client:
        def grown():
            client.send(many * 100)
            assert all(client.response().status == 200 for _ in range(100))
            return re.search(line, server.read('error.log'))
        server.wait_for(grown, 'the blocks to grow')
        size, needed = map(int, re.search(line, server.read('error.log')).groups())
        assert size >= needed + 16 and size > 8192
        # The connection goes on with the new size.
        assert client.ask('GET', '/').status == 200


def test_a_size_that_is_none(server):
    server.http('request_pool_size automatic; ' + CONFIG)
    done = server.run('-t', '-c', 'nginx.conf')
    assert done.returncode == 1 and 'invalid value "automatic" in "request_pool_size"' in done.stderr
