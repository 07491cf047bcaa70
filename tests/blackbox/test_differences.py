# SPDX-License-Identifier: BSD-2-Clause
"""docs/differences.md, "What is stricter": each row as a request, and what is answered. What nginx says to the same
stands on that page."""
import pytest

pytestmark = pytest.mark.ours

CONFIG = '''
    client_max_body_size 1k;
    server { listen 127.0.0.1:@http@; location /r { return 200 "$http_x|$http_a_b"; } location /body { echo_body; } }
'''
FILES = {'index.html': 'hello'}
HOST = b'Host: a\r\n'


def head(line=b'GET /r HTTP/1.1', fields=b'', host=HOST):
    return line + b'\r\n' + host + fields + b'\r\n'


def chunked(body):
    return head(b'POST /body HTTP/1.1', b'Transfer-Encoding: chunked\r\n') + body


STRICTER = {
    'a field name that is no token': (head(fields=b'X@y(: 1\r\n'), 400),
    'a line without a colon': (head(fields=b'abc\r\n'), 400),
    'a control byte in a value': (head(fields=b'X: a\x01b\r\n'), 400),
    **{f'Host: {host.decode()}': (head(host=b'Host: ' + host + b'\r\n'), 400)
       for host in (b'a?b', b'a#b', b'a"b', b'a<b', b'a\\b', b'u@a', b'a:x', b'a:99999')},
    'HTTP/1.10': (head(b'GET /r HTTP/1.10'), 400),
    'no version': (b'GET /r\r\n', 400),
    'a chunk after a bare LF': (chunked(b'1\na\r\n0\r\n\r\n'), 400),
    'a chunk with a blank': (chunked(b'1 \r\na\r\n0\r\n\r\n'), 400),
    'a trailer without a colon': (chunked(b'0\r\nbad trailer\r\n\r\n'), 400),
    'an unknown method': (head(b'FROB /r HTTP/1.1'), 501),
    'a long method': (head(b'M' * 9000 + b' /r HTTP/1.1'), 501),
    **{f'{name} twice': (head(fields=f'{name}: a\r\n{name}: a\r\n'.encode()), 400)
       for name in ('Content-Type', 'Proxy-Authorization', 'Authorization', 'Content-Range')},
    'a method in lower case': (head(b'get /r HTTP/1.1'), 501),
    'an expectation that we do not know': (head(b'POST /r HTTP/1.1', b'Expect: x\r\nContent-Length: 0\r\n'), 417),
    'a length beyond all numbers': (head(b'POST /r HTTP/1.1', b'Content-Length: 99999999999999999999999\r\n'), 413),
    'a large head': (head(fields=b'X: ' + b'a' * 9000 + b'\r\n'), 431),
}


@pytest.mark.parametrize('what', STRICTER)
def test_stricter(shared, what):
    raw, status = STRICTER[what]
    with shared.client() as client:
        assert client.send(raw).response('GET').status == status
        client.expect_close()


@pytest.mark.parametrize('line', [b'POST /index.html HTTP/1.1', b'OPTIONS /index.html HTTP/1.1', b'CONNECT a:1 HTTP/1.1'])
def test_405_says_what_is_allowed(shared, line):
    with shared.client() as client:
        fields = b'Content-Length: 0\r\n' if line.startswith(b'POST') else b''
        answer = client.send(head(line, fields, b'Host: a:1\r\n')).response('GET')
        assert answer.status == 405 and 'GET' in answer.get('Allow')


@pytest.mark.parametrize('method, ranges', [('HEAD', 1), ('GET', 2)])
def test_ranges_that_are_ignored(shared, method, ranges):
    with shared.client() as client:
        asked = head(method.encode() + b' /index.html HTTP/1.1', b'Range: bytes=0-0\r\n' * ranges)
        assert client.send(asked).response(method).status == 200


def test_where_we_give_more(shared):
    with shared.client() as client:
        assert client.send(head(fields=b'X:\t1\r\n')).response('GET').text == '1|'
        assert client.send(head(b'OPTIONS * HTTP/1.1')).response('OPTIONS').status == 200
        assert client.send(head(b'GET /index.html HTTP/1.1')).response('GET').status == 200
        tag = client.send(head(b'GET /index.html HTTP/1.1')).response('GET').get('ETag').encode()
        lists = b'If-None-Match: "x"\r\nIf-None-Match: ' + tag + b'\r\n'
        assert client.send(head(b'GET /index.html HTTP/1.1', lists)).response('GET').status == 304
        assert client.send(chunked(b'1 ;x\r\na\r\n0\r\n\r\n')).response('POST').text == 'a'
