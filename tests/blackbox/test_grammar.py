# SPDX-License-Identifier: BSD-2-Clause
"""The grammar of a request, production by production (RFC 9110, RFC 9112, RFC 3986): each text is sent to a resource that
echoes bodies and to a file, with another request behind it. What is refused is answered once and the connection goes, so
that nobody can hide a request in it; what is taken leaves the connection in step."""
import pytest

from tests.harness.wire import request

FILES = {'f.txt': 'file\n'}
CONFIG = '''
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        location /echo { echo_body; }
        location = /next { return 200 "next"; }
    }
'''

pytestmark = pytest.mark.ours
HOST = 'Host: a\r\n'
NEXT = request('GET', '/next')


def refused(shared, data, statuses):
    with shared.client() as client:
        answer = client.send(data.encode('latin-1') + NEXT).response()
        assert answer.status in statuses and answer.get('Connection') == 'close'
        assert answer.get('Date') # RFC 9110 6.6.1
        client.expect_close()


def taken(shared, data, method='GET', statuses=(200,), body=None):
    with shared.client() as client:
        answer = client.send(data.encode('latin-1') + NEXT).response(method)
        assert answer.status in statuses
        if body is not None:
            assert answer.text == body
        assert client.response().text == 'next'


# RFC 9112 3, 2.3 (HTTP-version), 3.2 (request-target), RFC 9110 5.6.2 (token)
BAD_LINES = [
    'GET / HTTP/1.1 ', 'GET / HTTP/1.1\t', 'GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET\t/ HTTP/1.1', ' GET / HTTP/1.1',
    'GET / http/1.1', 'GET / HTTP/1', 'GET / HTTP/1.', 'GET / HTTP/.1', 'GET / HTTP/11', 'GET / HTTP/1.1.1',
    'GET / HTTP/1.10', 'GET / HTTP/01.1', 'GET / HTTP /1.1', 'GET / HTTPS/1.1', 'GET / HTTP/-1.1', 'GET / HTTP/1,1',
    'GET / HTTP/1.a', 'GET / ', 'GET /', 'GET', 'GET HTTP/1.1', 'GET /a b HTTP/1.1', 'GET /\0 HTTP/1.1',
    'GET /\x7f HTTP/1.1', 'GET /\x0b HTTP/1.1', 'GET /\r HTTP/1.1', 'GET / HTTP/1.1\r', 'G(T / HTTP/1.1',
    'G@T / HTTP/1.1', 'G\xe9T / HTTP/1.1', 'G,T / HTTP/1.1', 'GET: / HTTP/1.1', 'GET f.txt HTTP/1.1', 'GET ?x HTTP/1.1',
    'GET a:80 HTTP/1.1', 'GET http: HTTP/1.1', 'GET http:/x HTTP/1.1', 'GET http:// HTTP/1.1', 'GET http:///x HTTP/1.1',
    'GET http://?x HTTP/1.1', 'GET http://:80/ HTTP/1.1', 'GET http://a:b/ HTTP/1.1', 'GET http://a:65536/ HTTP/1.1',
    'GET http://[::1/ HTTP/1.1', 'GET http://::1/ HTTP/1.1', 'GET http://u@a/ HTTP/1.1', 'GET ftp://a/ HTTP/1.1',
    'GET * HTTP/1.1', 'POST * HTTP/1.1', 'OPTIONS *x HTTP/1.1', 'GET # HTTP/1.1', 'GET /%00 HTTP/1.1',
    'GET /% HTTP/1.1', 'GET /%4 HTTP/1.1', 'GET /%zz HTTP/1.1', 'GET /../f.txt HTTP/1.1', 'GET /x/%2e%2e/../f HTTP/1.1',
    'CONNECT / HTTP/1.1', 'CONNECT a HTTP/1.1', 'CONNECT a: HTTP/1.1', 'CONNECT :80 HTTP/1.1',
    'CONNECT a:99999 HTTP/1.1', 'CONNECT u@a:80 HTTP/1.1', 'CONNECT http://a:80/ HTTP/1.1']


@pytest.mark.parametrize('line', BAD_LINES, ids=repr)
def test_bad_request_line(shared, line):
    refused(shared, f'{line}\r\n{HOST}\r\n', {400})


@pytest.mark.parametrize('line', [
    'GET /echo HTTP/1.1', 'GET /f.txt HTTP/1.1', 'GET /f.txt? HTTP/1.1', 'GET /f.txt?a=b?c/d%00 HTTP/1.1',
    'GET /f.txt?%zz HTTP/1.1', 'GET //f.txt HTTP/1.1', 'GET /./f.txt HTTP/1.1', 'GET /x/../f.txt HTTP/1.1',
    'GET /x/%2e%2E/f.txt HTTP/1.1', 'GET /%66.txt HTTP/1.1', "GET /echo-._~!$&'()*+,;=:@ HTTP/1.1",
    'GET /echo/http://x/ HTTP/1.1', 'GET http://a/f.txt HTTP/1.1', 'GET HTTP://B:80/f.txt HTTP/1.1',
    'GET http://a:/f.txt HTTP/1.1', 'GET http://[::1]:8080/f.txt HTTP/1.1', 'GET https://a/f.txt HTTP/1.1',
    'GET http://%61/f.txt HTTP/1.1', 'GET /f.txt HTTP/1.2', 'GET /f.txt HTTP/1.9', f'GET /echo{"x" * 7900} HTTP/1.1',
    f'GET /f.txt?{"x" * 7900} HTTP/1.1'], ids=lambda line: repr(line[:50]))
def test_request_line(shared, line):
    """The last two: RFC 9112 3 wants 8,000 bytes and more to be possible."""
    taken(shared, f'{line}\r\n{HOST}\r\n')


@pytest.mark.parametrize('line, statuses', [
    ('get / HTTP/1.1', {501}), ("A!#$%&'*+-.^_`|~9 / HTTP/1.1", {501}), ('GET / HTTP/2.0', {505}),
    ('GET / HTTP/9.9', {505}), ('PRI * HTTP/2.0', {505}), ('CONNECT a:80 HTTP/1.1', {405}),
    ('TRACE / HTTP/1.1', {405}), (f'GET /{"x" * 70000} HTTP/1.1', {414})], ids=lambda value: repr(value)[:40])
def test_line_that_is_not_served(shared, line, statuses):
    """RFC 9110 15.6.2, 15.6.6, 15.5.6, 15.5.15."""
    refused(shared, f'{line}\r\n{HOST}\r\n', statuses)


# RFC 9112 5.1, 5.2 (obs-fold), RFC 9110 5.1, 5.5
BAD_FIELDS = [
    'X : y', 'X\t: y', ' X: y', '\tX: y', 'X', ': y', ':', '=', 'X\0: y', 'X: \0', 'X: a\0b', 'X: a\rb', 'X: a\r',
    'X\r: y', 'X: \x01', 'X: \x7f', '(X): y', 'X/Y: z', 'X@: z', 'X[]: z', 'X"Y": z', 'X\xff: z', 'X=y: z', '{X}: z',
    'X,Y: z', 'X;Y: z', 'X?: z', 'X\\: z', 'X<: z', ' ', '\t', 'X: y\r\n z', 'X: y\r\n\tz', 'X: y\r\n ', '\x0bX: y']


@pytest.mark.parametrize('field', BAD_FIELDS, ids=repr)
@pytest.mark.parametrize('place', ['first', 'last'])
def test_bad_field(shared, field, place):
    fields = f'{field}\r\n{HOST}' if place == 'first' else f'{HOST}{field}\r\n'
    refused(shared, f'GET /f.txt HTTP/1.1\r\n{fields}\r\n', {400})


@pytest.mark.parametrize('field', [
    'X:', 'X: ', 'X:y', 'X:\ty', 'X: y ', 'X: y\t', 'X: \t y \t ', 'X: a\tb', 'X: \xe9\xff', 'X: "a,b"', 'X: :',
    "!#$%&'*+-.^_`|~9: z", f'X: {"v" * 7000}', f'{"X" * 1000}: y', 'X: y\r\nX: z', 'Upgrade: websocket\r\nConnection: Upgrade',
    'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ', 'TE: trailers', 'TE: x;q=0.5',
    'Trailer: X', 'Max-Forwards: 0', 'Connection: ,,keep-alive,,', 'Connection: closed', 'Proxy-Connection: close',
    'Keep-Alive: timeout=5', 'Range: lines=1-2', 'If-Modified-Since: x', 'If-None-Match: x', 'If-Range: x',
    'If-Unmodified-Since: x', 'Accept-Encoding:', 'Authorization: x', 'Content-Encoding: x', 'Content-Length: 0',
    'Expect: 100-continue', 'Expect:'], ids=lambda field: repr(field[:40]))
def test_field(shared, field):
    """What has no meaning here, or one that cannot be read, is ignored (RFC 9110 5.1, 7.8, 10.1.1, 13.1, 14.2)."""
    taken(shared, f'GET /f.txt HTTP/1.1\r\n{HOST}{field}\r\n\r\n')


# RFC 9112 3.2, RFC 9110 7.2, RFC 3986 3.2
BAD_HOSTS = [
    [], [''], ['a', 'a'], ['a', 'b'], ['a, b'], ['a b'], ['a\tb'], ['a/b'], ['a?b'], ['a#b'], ['u@a'], ['u:p@a'], ['http://a'],
    ['a:b'], ['a:80:80'], ['a:-1'], ['a:+80'], ['a: 80'], ['a :80'], ['a:80x'], ['a:65536'], ['a:99999999999999999999'],
    [':80'], ['['], ['[::1'], ['::1'], ['[]'], ['[::1]x'], ['[::1]:x'], ['[g::1]'], ['[::1]]'], ['[[::1]]'], ['a[b]'],
    ['[v1]'], ['[1.2.3.4]'], ['a\\b'], ['a"b'], ['a<b>'], ['a^b'], ['a`b'], ['a{b}'], ['a|b'], ['a%'], ['a%z'], ['a%4'],
    ['a\x7f'], ['a\x01b'], ['\xe9'], ['.'], ['a..b']]


@pytest.mark.parametrize('hosts', BAD_HOSTS, ids=repr)
@pytest.mark.parametrize('target', ['/f.txt', 'http://a/f.txt'])
def test_bad_host(shared, hosts, target):
    """With a target that has an authority, too: RFC 9112 3.2 has no exception for it."""
    refused(shared, f'GET {target} HTTP/1.1\r\n' + ''.join(f'Host: {host}\r\n' for host in hosts) + '\r\n', {400})


@pytest.mark.parametrize('host', [
    'a', 'A.B', 'a:80', 'a:', 'a:0', 'a:65535', 'a:00080', '127.0.0.1', '[::1]', '[::1]:80', '[::1]:', '[::ffff:1.2.3.4]',
    '[v1.a:b]', 'a.', 'a.:80', 'a_b', '-a', "a!$&'()*+;=b", '%41', 'a' * 255, '\ta\t'])
def test_host(shared, host):
    taken(shared, f'GET /f.txt HTTP/1.1\r\nHost: {host}\r\n\r\n')


# RFC 9112 6.1, 6.3, RFC 9110 8.6
BAD_FRAMING = [f'Content-Length: {value}' for value in (
    '', '-1', '+1', '1 1', '1,1', '1, 1', '0x1', '1a', 'a', '1.0', '1e1', '"1"', '1;', '\x001', '1\0', '1\r', '1\x0b', ',', '1,',
    '1_0', '1\r\nContent-Length: 1', '1\r\nContent-Length: 2', '1\r\nContent-Length:', '1\r\nTransfer-Encoding: chunked')]
BAD_FRAMING += [f'Transfer-Encoding: {value}' for value in (
    '', 'chunked, gzip', 'chunked, chunked', 'chunked;', 'chunked;a=b', '"chunked"', 'chunked\x0b', '\x0bchunked', 'chunked\0',
    'chunked,', ',chunked', 'x chunked', 'chunked x', 'chunked\xa0', 'chunked\r', 'chunked\r\nTransfer-Encoding: chunked',
    'chunked\r\nTransfer-Encoding:', '\r\n chunked', 'chunked\r\nContent-Length: 5', 'chunked\r\nContent-Length: 0')]


@pytest.mark.parametrize('field', BAD_FRAMING + ['Transfer-Encoding : chunked', 'Transfer-Encoding\0: chunked'], ids=repr)
@pytest.mark.parametrize('method', ['POST', 'GET'])
def test_bad_framing(shared, field, method):
    """RFC 9112 6.1, 6.3: the end of the body is in doubt."""
    refused(shared, f'{method} /echo HTTP/1.1\r\n{HOST}{field}\r\n\r\n0\r\n\r\n', {400})


@pytest.mark.parametrize('value', ['identity', 'gzip', 'xchunked', 'chunkedx', 'gzip, chunked',
                                   'identity\r\nTransfer-Encoding: chunked'], ids=repr)
def test_other_coding(shared, value):
    """RFC 9112 6.1: a coding that is not implemented is 501."""
    refused(shared, f'POST /echo HTTP/1.1\r\n{HOST}Transfer-Encoding: {value}\r\n\r\n0\r\n\r\n', {501})


@pytest.mark.parametrize('version', ['HTTP/1.0', 'HTTP/1.0\r\nConnection: keep-alive'])
def test_coding_in_http_1_0(shared, version):
    """RFC 9112 6.1: faulty framing."""
    refused(shared, f'POST /echo {version}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', {400})


@pytest.mark.parametrize('value', ['5', '05', '000000000000000000000000000000005', '  5  ', '\t5\t'])
def test_length(shared, value):
    taken(shared, f'POST /echo HTTP/1.1\r\n{HOST}Content-Length:{value}\r\n\r\nhello', body='hello')


@pytest.mark.parametrize('name', ['Transfer-Encoding: chunked', 'transfer-ENCODING:CHUNKED', 'Transfer-Encoding: \tcHunked '])
@pytest.mark.parametrize('body', [
    '5\r\nhello\r\n0\r\n\r\n', '00005\r\nhello\r\n000\r\n\r\n', '5;a\r\nhello\r\n0\r\n\r\n', '5;a=b;c\r\nhello\r\n0;d\r\n\r\n',
    '5;a="b c;\\"\\\\"\r\nhello\r\n0\r\n\r\n', '5;a=""\r\nhello\r\n0\r\n\r\n', '5 ; a = b\r\nhello\r\n0\r\n\r\n',
    '5\t;\ta\r\nhello\r\n0\r\n\r\n', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\nX: y\r\nZ:\r\n\r\n'], ids=repr)
def test_chunks(shared, name, body):
    """RFC 9112 7.1."""
    taken(shared, f'POST /echo HTTP/1.1\r\n{HOST}{name}\r\n\r\n{body}', body='hello')
    taken(shared, f'GET /f.txt HTTP/1.1\r\n{HOST}{name}\r\n\r\n{body}', body='file\n')
    taken(shared, f'POST /f.txt HTTP/1.1\r\n{HOST}{name}\r\n\r\n{body}', 'POST', {405})


BAD_CHUNKS = [
    '\r\n', 'g\r\n', '-1\r\nx\r\n', '+1\r\nx\r\n', '0x1\r\nx\r\n', ' 1\r\nx\r\n', '1 \r\nx\r\n', '1\t\r\nx\r\n', '1\nx\r\n', '1\rx\r\n',
    '1\r\r\nx\r\n', '1\r\nx0\r\n', '1\r\nxx\r\n', '1\r\nx\n', '1\r\nx\r0', '2\r\nx\r\n0\r\n', '1_0\r\nx', '1h\r\nx',
    'FFFFFFFFFFFFFFFFF\r\nx', '10000000000000001\r\nx\r\n', '8000000000000000\r\nx\r\n', '1;\r\nx\r\n', '1;;a\r\nx\r\n', '1;a=\r\nx\r\n',
    '1;=b\r\nx\r\n', '1;a="b\r\nx\r\n', '1;a=b c\r\nx\r\n', '1;a b\r\nx\r\n', '1;a\0\r\nx\r\n', '1;a\n\r\nx\r\n', '1;a\rb\r\nx\r\n',
    '1;a="\0"\r\nx\r\n', '1;a="b"c\r\nx\r\n', '1,a\r\nx\r\n', '1 a\r\nx\r\n', '0 \r\n\r\n', '0\n\n', '0\r\n\n', '0\r\nX\r\n\r\n',
    '0\r\n X: y\r\n\r\n', '0\r\nX : y\r\n\r\n', '0\r\nX: y\r\n z\r\n\r\n', '0\r\n: y\r\n\r\n', '0\r\nX: \0\r\n\r\n', '0\r\nX: a\rb\r\n\r\n',
    '0\r\nX: a\n\r\n', '0\r\nX: y\r\n\r\r\n', '0\r\nContent-Length: 5\r\n\r\n', '0\r\nTransfer-Encoding: chunked\r\n\r\n',
    '0\r\nHost: b\r\n\r\n']


@pytest.mark.parametrize('body', BAD_CHUNKS, ids=repr)
def test_bad_chunk(shared, body):
    """RFC 9112 7.1, 7.1.1, 7.1.2; RFC 9110 6.5.1 (what frames or routes is no trailer)."""
    refused(shared, f'POST /echo HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{body}', {400})


@pytest.mark.parametrize('body', BAD_CHUNKS, ids=repr)
@pytest.mark.parametrize('method', ['GET', 'POST'])
def test_bad_chunk_that_nobody_reads(shared, method, body):
    """The answer needs no body, and is the only one: what follows cannot be told from the body."""
    with shared.client() as client:
        client.send(f'{method} /f.txt HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n{body}'.encode('latin-1') + NEXT)
        assert client.response(method).status in (200, 400, 405)
        client.expect_close()


@pytest.mark.parametrize('version, field, stays', [
    ('1.1', '', True), ('1.1', 'x', True), ('1.1', 'Keep-Alive', True), ('1.1', 'close', False), ('1.1', 'CLOSE', False),
    ('1.1', 'x, close', False), ('1.1', 'x\r\nConnection: close', False), ('1.1', ',,close,', False),
    ('1.1', 'keep-alive, close', False), ('1.1', 'keep-alive\r\nConnection: close', False), ('1.1', '\tclose\t', False),
    ('1.0', '', False), ('1.0', 'x', False), ('1.0', 'x, Keep-Alive', True), ('1.0', 'keep-alive, close', False)])
def test_connection_field(shared, version, field, stays):
    """RFC 9112 9.3, 9.6; RFC 9110 7.6.1 (a list, any case)."""
    with shared.client() as client:
        line = f'Connection: {field}\r\n' if field else ''
        client.send(f'GET /f.txt HTTP/{version}\r\n{HOST}{line}\r\n'.encode() + NEXT)
        assert client.response().get('Connection') == ('keep-alive' if stays else 'close')
        if stays:
            assert client.response().text == 'next'
        else:
            client.expect_close()


@pytest.mark.parametrize('lines, stays', [(1, True), (16, True), (17, False)])
def test_empty_lines_before_a_request(shared, lines, stays):
    """RFC 9112 2.2: at least one is to be ignored; not for ever."""
    data = '\r\n' * lines + f'GET /f.txt HTTP/1.1\r\n{HOST}\r\n'
    if stays:
        taken(shared, data)
    else:
        refused(shared, data, {400})
