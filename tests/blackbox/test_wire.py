# SPDX-License-Identifier: BSD-2-Clause
"""The client itself: an answer that is not HTTP/1.1 has to be noticed, or no other test here means
anything."""
import socket
import threading

import pytest

from tests.harness.wire import Client, Closed, ProtocolError


def answer(data, method='GET', close=True):
    """What the client makes of these bytes."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen()

        def serve():
            peer, _ = listener.accept()
            peer.sendall(data)
            if close:
                peer.close()
            else:
                kept.append(peer)
        kept = []
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with Client(listener.getsockname(), patience=1) as client:
                return client.response(method)
        finally:
            thread.join()
            for peer in kept:
                peer.close()


OK = b'HTTP/1.1 200 OK\r\n'


@pytest.mark.parametrize('data, body', [
    (OK + b'Content-Length: 2\r\n\r\nhi', b'hi'), (OK + b'\r\nuntil the end', b'until the end'),
    (OK + b'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nA\r\n0123456789\r\n0\r\n\r\n', b'hi0123456789'),
    (b'HTTP/1.1 204 No Content\r\n\r\n', b''),
    (b'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', b'')])
def test_good(data, body):
    assert answer(data).body == body


@pytest.mark.parametrize('data', [
    b'HTTP/1.0 200 OK\r\n\r\n', b'HTTP/1.1 200\r\n\r\n', b'HTTP/1.1 200 OK\n\n', b'HTTP/1.1  200 OK\r\n\r\n',
    b'http/1.1 200 OK\r\n\r\n',
    b'HTTP/1.1 99 Low\r\n\r\n', b'junkHTTP/1.1 200 OK\r\n\r\n', OK + b'Field : x\r\n\r\n',
    OK + b'no colon\r\n\r\n', OK + b' folded: x\r\n\r\n',
    OK + b'A: b\rc\r\n\r\n', OK + b'A: \0\r\n\r\n', OK + b'Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi', OK + b'Content-Length: -1\r\n\r\n',
    OK + b'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', OK + b'Transfer-Encoding: gzip\r\n\r\n',
    OK + b'Transfer-Encoding: chunked\r\n\r\n2\r\nhix0\r\n\r\n', OK + b'Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\n\r\n',
    OK + b'Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n', b'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    b'HTTP/1.1 100 Continue\r\n\r\n' + OK + b'\r\n'], ids=repr)
def test_bad(data):
    with pytest.raises(ProtocolError):
        answer(data)


@pytest.mark.parametrize('data',
                         [b'', b'HTTP/1.1 2', OK, OK + b'Content-Length: 3\r\n\r\nhi', OK +
                          b'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n'])
def test_cut(data):
    with pytest.raises(Closed):
        answer(data)


def test_silence():
    with pytest.raises(ProtocolError, match='nothing came'):
        answer(OK, close=False)
