# SPDX-License-Identifier: BSD-2-Clause
"""Request bodies: their framing (RFC 9112 6 and 7), Expect (RFC 9110 10.1.1), limits; and that the bytes of a
body are never read as a request."""
import pytest

from tests.harness.wire import Closed, chunked, request

CONFIG = '''
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        client_max_body_size 8m;
        client_body_buffer_size 16k;
        client_body_timeout 20s;
        location / { echo_body; }
        location = /text { return 200 "text"; }
        location = /hit { return 200 "hit"; }
        location = /small { client_max_body_size 1000; echo_body; }
        location = /small-return { client_max_body_size 1000; return 200 "text"; }
        location = /unlimited { client_max_body_size 0; echo_body; }
        location = /file { alias @dir@/html/file.txt; }
        location = /missing { alias @dir@/html/none.txt; }
    }
'''
FILES = {'file.txt': 'file\n'}
HIT = request('GET', '/hit')
POST = b'POST / HTTP/1.1\r\nHost: a\r\n'


def foreign(config):
    return config.replace('echo_body;', '')


ours = pytest.mark.ours


@ours
@pytest.mark.parametrize('method', ['POST', 'PUT', 'GET', 'DELETE', 'PATCH', 'OPTIONS'])
def test_echo_body(shared, method):
    """echo_body answers any method with the body of the request."""
    answer = shared.ask(method, '/', body=b'some body')
    assert (answer.status, answer.body) == (200, b'some body')
    answer = shared.ask(method, '/')
    assert (answer.status, answer.body) == (200, b'')
    if method == 'OPTIONS':  # RFC 9110 9.3.7
        assert {'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'} <= set(answer.get('Allow').split(', '))


@ours
@pytest.mark.parametrize('size', [0, 1, 100, 1023, 4096, 16383, 16384, 16385, 65536, 1 << 20, 5 << 20])
def test_sizes(shared, size):
    """Below client_body_buffer_size the answer waits for the end of the body; above it, it streams."""
    body = bytes(range(256)) * (size // 256) + b'x' * (size % 256)
    import threading
    with shared.client() as client:
        # The server may answer before it has read all, so that somebody has to read while we send.
        sender = threading.Thread(target=client.send, args=(request('POST', '/', body=body),))
        sender.start()
        answer = client.response('POST')
        sender.join()
        assert answer.status == 200 and answer.body == body
        assert client.ask('GET', '/text').text == 'text'


@ours
@pytest.mark.parametrize('chunks',
                         [[b'x'], [b'hello ', b'world'], [b'y' * 5000] * 3, [b'z'] * 500, [b'w' * 70000]])
def test_chunked(shared, chunks):
    """RFC 9112 7.1."""
    with shared.client() as client:
        fields = [('Transfer-Encoding', 'chunked')]
        answer = client.send(request('POST', '/', fields, chunked(*chunks))).response('POST')
        assert answer.status == 200 and answer.body == b''.join(chunks)
        assert client.ask('GET', '/text').text == 'text'


@ours
def test_chunked_split_at_every_byte(shared):
    whole = request('POST', '/', [('Transfer-Encoding', 'chunked')],
                    chunked(b'hello', b' ', b'world' * 3, trailers=b'X-Sum: 1\r\n'))
    with shared.client() as client:
        for at in range(1, len(whole)):
            answer = client.send_split(whole, at).response('POST')
            assert (answer.status, answer.body) == (200, b'hello ' + b'world' * 3), at


@ours
def test_length_split_at_every_byte(shared):
    whole = request('POST', '/', body=b'0123456789') + request('GET', '/text')
    with shared.client() as client:
        for at in range(1, len(whole)):
            client.send_split(whole, at)
            assert client.response('POST').body == b'0123456789', at
            assert client.response().text == 'text', at


@ours
def test_chunked_byte_by_byte(shared):
    with shared.client() as client:
        data = request('POST', '/', [('Transfer-Encoding', 'chunked')],
                       chunked(b'slow', b'body', trailers=b'A: b\r\nC: d\r\n'))
        assert client.send_slowly(data).response('POST').body == b'slowbody'
        client.expect_open()


@ours
@pytest.mark.parametrize('framing', [
    b'5;name=value\r\nhello\r\n0\r\n\r\n', b'5;name="quoted; text"\r\nhello\r\n0\r\n\r\n',
    b'05\r\nhello\r\n0\r\n\r\n',
    b'5\r\nhello\r\n000\r\n\r\n', b'5 ;name\r\nhello\r\n0\r\n\r\n',
    b'5\r\nhello\r\n0;last\r\nTrailer: x\r\n\r\n'])
def test_chunk_extensions(shared, framing):
    """RFC 9112 7.1.1: unknown extensions are ignored; 7.1.2: trailers are read past."""
    with shared.client() as client:
        answer = client.send(POST + b'Transfer-Encoding: chunked\r\n\r\n' + framing).response('POST')
        assert (answer.status, answer.body) == (200, b'hello')
        assert client.ask('GET', '/text').text == 'text'


@ours
@pytest.mark.parametrize('framing', [
    b'5\nhello\r\n0\r\n\r\n', b'5\r\nhello\n0\r\n\r\n', b'5\r\nhello\r\n0\n\n', b'5\r\nhello0\r\n\r\n',
    b'5\r\nhelloX\r\n0\r\n\r\n',
    b'x\r\nhello\r\n0\r\n\r\n', b'-5\r\nhello\r\n0\r\n\r\n', b'+5\r\nhello\r\n0\r\n\r\n',
    b'0x5\r\nhello\r\n0\r\n\r\n',
    b' 5\r\nhello\r\n0\r\n\r\n', b'5 \r\nhello\r\n0\r\n\r\n', b'\r\nhello\r\n0\r\n\r\n',
    b'5\rhello\r\n0\r\n\r\n',
    b'10000000000000000\r\nhello\r\n0\r\n\r\n', b'5;a\0b\r\nhello\r\n0\r\n\r\n',
    b'5;a\nb\r\nhello\r\n0\r\n\r\n',
    b'0\r\nno colon\r\n\r\n', b'0\r\n folded: x\r\n\r\n', b'0\r\nA : x\r\n\r\n', b'0\r\nA: \0\r\n\r\n'],
    ids=repr)
def test_bad_chunks(shared, framing):
    """RFC 9112 7.1: anything else loses the framing: 400 (nothing of the answer is out yet), then the end."""
    with shared.client() as client:
        answer = client.send(POST + b'Transfer-Encoding: chunked\r\n\r\n' + framing + HIT).response('POST')
        assert answer.status == 400 and answer.get('Connection') == 'close'
        client.expect_close()


# RFC 9112 6.1 and 6.3: which combinations end how. Where both could be meant, the answer is an error and the
# connection
# is closed, so that no second reading of the bytes can matter.
SMUGGLING = [
    (b'Content-Length: 5\r\nTransfer-Encoding: chunked', 400),
    (b'Transfer-Encoding: chunked\r\nContent-Length: 5', 400),
    (b'Content-Length: 5\r\nContent-Length: 5', 400),
    (b'Content-Length: 5\r\nContent-Length: 6', 400),
    (b'Content-Length: 5, 5', 400),
    (b'Content-Length: 5,6', 400),
    (b'Content-Length: +5', 400),
    (b'Content-Length: -5', 400),
    (b'Content-Length: 0x5', 400),
    (b'Content-Length: 5 5', 400),
    (b'Content-Length: 5x', 400),
    (b'Content-Length: "5"', 400),
    (b'Content-Length:', 400),
    (b'Content-Length : 5', 400),
    (b'Content-Length: 99999999999999999999999', (400, 413)),
    (b'Content-Length: 18446744073709551621', (400, 413)),
    (b'Content-Length: 9223372036854775807', 413),
    (b'Transfer-Encoding: identity', 501),
    (b'Transfer-Encoding: gzip', 501),
    (b'Transfer-Encoding: xchunked', 501),
    (b'Transfer-Encoding: gzip, chunked', (400, 501)),
    (b'Transfer-Encoding: chunked, gzip', 400),
    (b'Transfer-Encoding: chunked, chunked', 400),
    (b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 400),
    (b'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', 400),
    (b'Transfer-Encoding:', 400),
    (b'Transfer-Encoding: chunked;q=1', 400),
    (b'Transfer-Encoding: "chunked"', (400, 501)),
    (b'Transfer-Encoding: \x0bchunked', 400),
    (b'Transfer-Encoding: chunked\x00', 400),
    (b'Transfer-Encoding : chunked', 400),
    (b'Transfer-Encoding\t: chunked', 400),
    (b'X: y\rTransfer-Encoding: chunked', 400),
    (b' Transfer-Encoding: chunked', 400),
    (b'X:\r\n Transfer-Encoding: chunked', 400),
    (b'Transfer_Encoding: chunked\r\nContent-Length: 5\r\nContent-Length : 0', 400),
]


@ours
@pytest.mark.parametrize('fields, status', SMUGGLING, ids=lambda value: repr(value)[:70])
def test_smuggling(shared, fields, status):
    body = b'5\r\nhello\r\n0\r\n\r\n'
    with shared.client() as client:
        answer = client.send(POST + fields + b'\r\n\r\n' + body + HIT).response('POST')
        assert answer.status in (status if isinstance(status, tuple) else (status,))
        assert answer.get('Connection') == 'close'
        client.expect_close()


@ours
def test_chunked_in_http_1_0(shared):
    """RFC 9112 6.1: a Transfer-Encoding in HTTP/1.0 is faulty framing."""
    with shared.client() as client:
        data = b'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked(b'x')
        assert client.send(data + HIT).response('POST').status == 400
        client.expect_close()


@ours
def test_chunked_in_any_case(shared):
    """RFC 9110 5.6.2, RFC 9112 7: codings are compared without regard to case."""
    data = POST + b'TRANSFER-encoding: \t CHUNKED \t \r\n\r\n' + chunked(b'x')
    with shared.client() as client:
        assert client.send(data).response('POST').body == b'x'
        client.expect_open()


@pytest.mark.parametrize('target, method',
                         [('/text', 'POST'), ('/text', 'GET'), ('/file', 'GET'), ('/missing', 'GET'),
                                            ('/small-return', 'POST'), ('/file', 'POST')])
@pytest.mark.parametrize('framing', ['length', 'chunked'])
def test_body_nobody_reads_is_no_request(shared, target, method, framing):
    """RFC 9112 9.3: a body that is not wanted is read past, or the connection is closed; its bytes are never
    a request."""
    if framing == 'length':
        data = request(method, target, body=HIT)
    else:
        data = request(method, target, [('Transfer-Encoding', 'chunked')], chunked(HIT))
    with shared.client() as client:
        client.send(data + request('GET', '/text?last'))
        first = client.response(method)
        assert first.text != 'hit'
        try:
            second = client.response()
        except Closed as closed:
            assert closed.got == b'' and first.get('Connection') == 'close'
        else:
            assert second.text == 'text'
            client.expect_open()


@pytest.mark.parametrize('step', [1, 7, 100])
def test_body_nobody_reads_comes_slowly(shared, step):
    body = HIT * 5
    with shared.client() as client:
        client.send_slowly(request('POST', '/text', body=body), step)
        assert client.response('POST').text == 'text'
        assert client.ask('GET', '/hit').text == 'hit'
        client.expect_open()


@ours
def test_expect(shared):
    """RFC 9110 10.1.1: 100 first, then the body, then the answer."""
    with shared.client() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
        assert client.head().status == 100
        client.expect_open()
        assert client.send(b'hello').response('POST').body == b'hello'
        assert client.ask('GET', '/text').status == 200


@ours
def test_expect_chunked(shared):
    with shared.client() as client:
        client.send(b'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n')
        assert client.head().status == 100
        assert client.send(chunked(b'hello')).response('POST').body == b'hello'


@ours
def test_expect_with_the_body_at_hand(shared):
    """RFC 9110 10.1.1: 100 may be left out when part of the body is there already."""
    with shared.client() as client:
        client.send(request('POST', '/', [('Expect', '100-continue')], b'hello'))
        answer = client.head()
        if answer.status == 100:
            answer = client.head()
        assert answer.status == 200 and client.exactly(5) == b'hello'


@ours
def test_expect_with_the_body_not_wanted(shared):
    """RFC 9110 10.1.1: who has begun to send his body ends it, so that the connection can be kept; whether one that
    waits for 100 will send it is not known, so that it cannot (RFC 9112 9.3)."""
    with shared.client() as client:
        client.send(request('POST', '/text', [('Expect', '100-continue')], b'hello') + request('GET', '/text'))
        assert client.response('POST').get('Connection') == 'keep-alive' and client.response().status == 200
        client.send(b'POST /text HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
        assert client.response('POST').get('Connection') == 'close'
        client.expect_close()


@ours
def test_long_trailers(shared):
    """RFC 6585 5 counts the section as a whole; trailers are fields, too (RFC 9110 6.5)."""
    trailers = b''.join(b'X-%d: %s\r\n' % (n, b'v' * 500) for n in range(20))
    answer = shared.ask('POST', '/', [('Transfer-Encoding', 'chunked')], chunked(b'hello', trailers=trailers))
    assert answer.status == 431


@ours
def test_expect_unknown(shared):
    """RFC 9110 10.1.1, 15.5.18: 417."""
    assert shared.ask('POST', '/', [('Expect', 'miracles')], b'x').status == 417


def test_expect_refused(shared):
    """RFC 9110 10.1.1: a final status instead of 100 where the head alone decides."""
    with shared.client() as client:
        client.send(b'POST /small-return HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n')
        assert client.response('POST').status == 413


@ours
def test_expect_in_http_1_0(shared):
    """RFC 9110 10.1.1: ignored in HTTP/1.0."""
    answer = shared.ask('POST', '/', [('Expect', '100-continue')], b'hello', version='1.0')
    assert (answer.status, answer.body) == (200, b'hello')


def test_413(shared):
    """nginx: client_max_body_size; RFC 9110 15.5.14."""
    for target in ('/small-return', '/small'):
        answer = shared.ask('POST', target, body=b'x' * 1001)
        assert (answer.status, answer.reason) == (413, 'Request Entity Too Large')


@ours
def test_413_boundary(shared):
    assert shared.ask('POST', '/small', body=b'x' * 1000).status == 200
    assert shared.ask('POST', '/small', [('Transfer-Encoding', 'chunked')],
                      chunked(b'x' * 600, b'y' * 400)).status == 200


@ours
def test_413_chunked(shared):
    with shared.client() as client:
        client.send(request('POST', '/small', [('Transfer-Encoding', 'chunked')],
                            chunked(b'x' * 600, b'y' * 401)))
        assert client.response('POST').status == 413
        client.expect_close()


@ours
def test_413_declared(shared):
    """A chunk whose size is above what is left of the limit is refused when its first bytes are there."""
    with shared.client() as client:
        client.send(request('POST', '/small', [('Transfer-Encoding', 'chunked')], chunked(b'x' * 600)[:-5])
                    + b'191\r\ny')
        assert client.response('POST').status == 413
        client.expect_close()


@ours
def test_unknown_method_and_asterisk(shared):
    """RFC 9110 9.1: a method that is not known is 501, whatever it may ask of the server as a whole."""
    assert shared.ask('M-SEARCH', '*').status == 501
    assert shared.ask('GET', '*').status == 400


def test_413_while_the_body_is_sent(shared):
    """Lingering close: the answer reaches a client that is still sending; closing at once would reset it
    away."""
    for _ in range(5):
        with shared.client() as client:
            client.send(b'POST /small-return HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n')
            sent = 0
            try:
                for _ in range(40):
                    client.send(b'x' * 65536)
                    sent += 65536
            except ConnectionError:
                pass
            answer = client.response('POST')
            assert answer.status == 413 and answer.get('Connection') == 'close', sent


@ours
def test_unlimited(shared):
    """nginx: client_max_body_size 0 checks nothing."""
    body = b'u' * (9 << 20)
    import threading
    with shared.client() as client:
        sender = threading.Thread(target=client.send, args=(request('POST', '/unlimited', body=body),))
        sender.start()
        answer = client.response('POST')
        sender.join()
        assert answer.body == body


@ours
def test_framing_error_after_the_answer_began(shared):
    """echo_body: once the answer streams, a framing error cuts the connection: the client must be able to
    tell."""
    with shared.client() as client:
        client.send(POST + b'Transfer-Encoding: chunked\r\n\r\n' + b'8000\r\n' + b'x' * 0x8000 + b'\r\n')
        assert client.head().status == 200
        client.send(b'bad\n')
        try:
            rest = client.rest()
        except Closed as closed:
            rest = closed.got
        assert not rest.endswith(b'0\r\n\r\n')


@ours
def test_client_vanishes_within_its_body(shared):
    for data in (POST + b'Content-Length: 100\r\n\r\nabc',
                 POST + b'Transfer-Encoding: chunked\r\n\r\n5\r\nab',
                 POST + b'Content-Length: 1000000\r\n\r\n' + b'x' * 100000):
        client = shared.client()
        client.send(data)
        client.settle()
        client.reset()
        with shared.client() as client:
            client.send(data).finish()
            try:
                while client.fill():
                    client.buffer = b''
            except Closed:
                pass
    assert shared.get('/text').text == 'text'


@ours
def test_echo_bodies_pipelined(shared):
    bodies = [b'%d' % n * (n * 37 % 900) for n in range(60)]
    with shared.client() as client:
        client.send(b''.join(request('POST', '/', body=body) if n % 2 else
                             request('POST', '/', [('Transfer-Encoding', 'chunked')],
                                     chunked(*([body] if body else [])))
                             for n, body in enumerate(bodies)))
        for body in bodies:
            assert client.response('POST').body == body
        client.expect_open()
