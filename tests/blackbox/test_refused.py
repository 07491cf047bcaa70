# SPDX-License-Identifier: BSD-2-Clause
"""Requests that cannot be read, or that two readers may read differently: what is answered, and what the logs say of
them. The sources stand beside each test."""
import pytest

pytestmark = pytest.mark.ours

CONFIG = '''
    log_format bytes '$status|$request';
    log_format parts escape=json '{"line": "$request"}';
    access_log @dir@/bytes.log bytes;
    access_log @dir@/json.log parts;
    server { listen 127.0.0.1:@http@; location / { return 200 "$http_authorization"; } location /put { echo_body; } }
'''
FILES = {'index.html': 'hello'}


def last(shared, name, count):
    shared.wait_for(lambda: shared.read(name).count('\n') > count, name)
    return shared.read(name).splitlines()[-1]


# nginx: $request, "full original request line", is what came of it if it could not be parsed (up to the line's end, or
# all that is here), escaped as any value. Filters of logs (fail2ban) live on it. What nginx 1.22 logs was compared.
UNREAD = {
    'a TLS hello': (b'\x16\x03\x01\x02\x00\x01\x00\xff\n', 400, r'\x16\x03\x01\x02\x00\x01\x00\xFF'),
    'a control byte in the method': (b'GET\x01 / HTTP/1.1\r\n\r\n', 400, r'GET\x01 / HTTP/1.1'),
    'quotes and a backslash': (b'\x05"x\\\n', 400, r'\x05\x22x\x5C'),
    'no version': (b'GET /abc\r\n', 400, 'GET /abc'),
    'a version of the future': (b'GET / HTTP/9.9\r\n\r\n', 505, 'GET / HTTP/9.9'),
    'behind empty lines': (b'\r\n\r\nBAD\x02\r\n', 400, r'BAD\x02'),
    'a long target': (b'GET /' + b'a' * 9000 + b' HTTP/1.1\r\n\r\n', 414, 'GET /' + 'a' * 8187),
    'a long method': (b'M' * 9000 + b' / HTTP/1.1\r\n\r\n', 501, 'M' * 8192),
    'a field that is wrong': (b'GET /x HTTP/1.1\r\nA b: c\r\n\r\n', 400, 'GET /x HTTP/1.1'),
}


@pytest.mark.parametrize('what', UNREAD)
def test_logged(shared, what):
    raw, status, line = UNREAD[what]
    count = shared.read('bytes.log').count('\n')
    with shared.client() as client:
        assert client.send(raw).response().status == status
    assert last(shared, 'bytes.log', count) == f'{status}|{line}'
    if '\\' not in line:
        assert last(shared, 'json.log', count) == '{"line": "' + line + '"}'


def test_logged_behind_another(shared):
    """Of a pipelined request its own bytes are logged, not those before it."""
    count = shared.read('bytes.log').count('\n')
    with shared.client() as client:
        client.send(b'GET /one HTTP/1.1\r\nHost: a\r\n\r\nget\x02 /two HTTP/1.1\r\n\r\n')
        assert [client.response().status, client.response().status] == [200, 400]
    last(shared, 'bytes.log', count + 1)
    assert shared.read('bytes.log').splitlines()[-2:] == ['200|GET /one HTTP/1.1', r'400|get\x02 /two HTTP/1.1']


def test_logged_when_the_client_left(shared):
    count = shared.read('bytes.log').count('\n')
    with shared.client() as client:
        client.send(b'GET /half HT').finish()
        client.expect_close()
    assert last(shared, 'bytes.log', count) == '400|GET /half HT'


def test_error_log(shared):
    """The error log names the line, whatever bytes are in it; NUL does not end it."""
    with shared.client() as client:
        assert client.send(b'\x17\x03\x00Z\n').response().status == 400
    shared.wait_log(r'the first byte is none of a method.*request: "\\x17\\x03\\x00Z"$')


# RFC 9112 3: "A server that receives a method longer than any that it implements SHOULD respond with a 501 (Not
# Implemented) status code. A server that receives a request-target longer than any URI it wishes to parse MUST respond
# with a 414 (URI Too Long) status code."
@pytest.mark.parametrize('line, status', [
    (b'M' * 9000, 501), (b'M' * 8190 + b' /' + b'a' * 20, 501), (b'GETGETGETG /' + b'a' * 9000, 501),
    (b'PROPPATCH /' + b'a' * 9000, 414), (b'GET ' + b'a' * 9000, 414), (b'PUT /' + b'a' * 9000, 414),
    (b'M' * 100 + b'\x01' + b'M' * 9000, 400), (b'M' * 30 + b' /', 501)])
def test_too_long(shared, line, status):
    with shared.client() as client:
        assert client.send(line + b' HTTP/1.1\r\nHost: a\r\n\r\n').response('PUT').status == status
        client.expect_close()


# RFC 9110 5.3: only lists may come on several lines; 8.3: to take one of several Content-Types leads to "potential
# interoperability and security issues"; 11.6.2, 11.7.1: credentials, one; 14.4: one range.
SINGLETONS = {
    'Authorization': ('Basic YTpi', 'Basic Yzpk'), 'Proxy-Authorization': ('Basic YTpi', 'Basic YTpi'),
    'Content-Type': ('text/plain', 'text/html'), 'Content-Range': ('bytes 0-1/2', 'bytes 0-1/3'),
    'content-TYPE': ('a/b', 'a/b'), 'Host': ('a', 'a'), 'Content-Length': ('2', '2'),
}


@pytest.mark.parametrize('name', SINGLETONS)
def test_singletons(shared, name):
    one, two = SINGLETONS[name]
    fields = [] if name == 'Host' else ['Host: a']
    fields += [] if name == 'Content-Length' else ['Content-Length: 2']
    raw = '\r\n'.join(['PUT /put HTTP/1.1', *fields, f'{name}: {one}', 'X: y', f'{name}: {two}']) + '\r\n\r\nab'
    with shared.client() as client:
        assert client.send(raw.encode()).response('PUT').status == 400
        client.expect_close()


# Lists (9110 10.1.1, 12.5, 13.1.1, 13.1.2), what must be ignored when it is no single value (13.1.3, 13.1.4), what may be
# (14.2; an If-Range that is no validator matches nothing, 13.1.5), and what nobody decides by (10.1.3, 10.1.5).
TAKEN = {
    'Expect': ('100-continue', '100-continue'), 'Accept': ('a/b', 'c/d'), 'TE': ('trailers', 'x'), 'Upgrade': ('a', 'b'),
    'If-None-Match': ('"a"', '"b"'), 'If-Modified-Since': ('Sat, 01 Jan 2124 00:00:00 GMT',) * 2,
    'If-Unmodified-Since': ('Sat, 01 Jan 2000 00:00:00 GMT',) * 2, 'If-Range': ('"x"', '"y"'),
    'Range': ('bytes=0-0', 'bytes=1-1'), 'User-Agent': ('a', 'b'), 'Referer': ('http://a/', 'http://b/'), 'Cookie': ('a=1', 'b=2'),
}


@pytest.mark.parametrize('name', TAKEN)
def test_taken(server, name):
    server.write('html/index.html', 'hello')
    server.http('server { listen 127.0.0.1:@http@; root html; }')
    server.start()
    fields = [(name, value) for value in TAKEN[name]] + ([('Range', 'bytes=0-0')] if name == 'If-Range' else [])
    answer = server.get('/index.html', fields=fields)
    assert (answer.status, answer.text) == (200, 'hello')
