# SPDX-License-Identifier: BSD-2-Clause
"""nginx's ngx_http_gzip_module and ngx_http_gzip_static_module; RFC 9110 8.4 (Content-Encoding), 8.8.1 (weak validators),
12.5.3 (Accept-Encoding), 12.5.5 (Vary)."""
import gzip
import os
import re
import signal

import pytest

from tests.harness.wire import chunked, request

TEXT = b''.join(b'line %d of a text that can be made smaller\n' % number for number in range(4000))
NOISE = os.urandom(300000)
FILES = {'a.html': TEXT, 'a.txt': TEXT, 'noise.html': NOISE, 'short.html': 'x' * 19, 'just.html': 'x' * 20, 'empty.html': '',
         's.txt': 'plain form\n', 's.txt.gz': gzip.compress(b'compressed form\n'), 'only.txt.gz': gzip.compress(b'only\n'),
         'folder.txt': 'folder\n', 'folder.txt.gz/x': '', 'u.html': 'é' * 5000}
ACCEPT = [('Accept-Encoding', 'gzip')]
CONFIG = '''
    types { text/html html; text/plain txt; }
    log_format ratio '$request_uri $gzip_ratio $body_bytes_sent';
    access_log ratio.log ratio;
    charset_map latin utf-8 { E9 C3A9; }
    charset_map koi8-r utf-8 { C0 D18E; }
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        client_max_body_size 10m;
        gzip on;
        location /more/ { alias @dir@/html/; gzip_types text/plain; gzip_vary on; gzip_comp_level 9; }
        location /all/ { alias @dir@/html/; gzip_types *; gzip_min_length 0; sendfile on; }
        location /old/ { alias @dir@/html/; gzip_http_version 1.0; }
        location /off/ { alias @dir@/html/; gzip off; }
        location /agents/ { alias @dir@/html/; gzip_disable "bad.?browser" msie6; }
        location /latin/ { alias @dir@/html/; charset latin; source_charset utf-8; add_trailer X-End yes; }
        location /utf8/ { alias @dir@/html/; charset utf-8; source_charset latin; }
        location /p/expired/ { alias @dir@/html/; gzip_proxied expired; expires $arg_e; }
        location /p/control/ { alias @dir@/html/; gzip_proxied no-cache private; add_header Cache-Control $arg_c; }
        location /p/etag/ { alias @dir@/html/; gzip_proxied no_etag; etag off; }
        location /p/auth/ { alias @dir@/html/; gzip_proxied auth; }
        location /p/any/ { alias @dir@/html/; gzip_proxied any; }
        location = /text { default_type text/html; return 200 "a text of twenty-six letters"; }
        location = /403 { default_type text/html; return 403 "a text of twenty-six letters"; }
        location = /500 { default_type text/html; return 500 "a text of twenty-six letters"; }
        location /echo { echo_body; gzip_types *; gzip_min_length 0; }
        location /slow/ { alias @dir@/html/; limit_rate 5m; }
        location /unchunked/ { alias @dir@/html/; chunked_transfer_encoding off; }
        location /static/ { alias @dir@/html/; gzip off; gzip_static on; gzip_vary on; }
        location /always/ { alias @dir@/html/; gzip off; gzip_static always; }
        location /said/ { alias @dir@/html/; gzip off; gzip_static on; charset utf-8; source_charset utf-8; }
        location /named/ { alias @dir@/html/; gzip off; gzip_static on; charset utf-8; }
        location /coded/ { alias @dir@/html/; gzip off; gzip_static on; charset koi8-r; source_charset utf-8; }
        location /asked/ { alias @dir@/html/; gzip off; charset $arg_c; source_charset $arg_s; }
        location /both/ { alias @dir@/html/; gzip_types text/plain; gzip_static on; error_page 404 /both/s.txt; }
    }
    server {
        listen 127.0.0.1:@tight@;
        root @dir@/html;
        gzip on;
        connection_pool_budget 64k;
    }
'''


def short(value):
    """The name of a case: bodies are too long for one."""
    return '' if isinstance(value, bytes) else None


@pytest.mark.parametrize('target, body', [
    ('/a.html', TEXT), ('/noise.html', NOISE), ('/just.html', b'x' * 20), ('/more/a.txt', TEXT), ('/all/short.html', b'x' * 19),
    ('/all/a.txt', TEXT), ('/text', b'a text of twenty-six letters'), ('/slow/a.html', TEXT)], ids=short)
def test_compressed(shared, target, body):
    """On a connection that goes on, in chunks, since the length is not known."""
    with shared.client() as client:
        for _ in range(3):
            answer = client.ask(target=target, fields=ACCEPT)
            assert answer.status == 200 and answer.all('Content-Encoding') == ['gzip']
            assert answer.get('Transfer-Encoding') == 'chunked' and not answer.all('Accept-Ranges')
            assert gzip.decompress(answer.body) == body


@pytest.mark.parametrize('target', ['/short.html', '/empty.html', '/all/empty.html', '/a.txt', '/off/a.html', '/500', '/s.txt'])
def test_not_compressed(shared, target):
    """Below gzip_min_length, of other types, with other statuses than 200, 403 and 404."""
    answer = shared.get(target, fields=ACCEPT)
    assert not answer.all('Content-Encoding') and answer.get('Content-Length') is not None and not answer.all('Vary')


def test_statuses(shared):
    assert gzip.decompress(shared.get('/403', fields=ACCEPT).body) == b'a text of twenty-six letters'
    missing = shared.get('/missing.html', fields=ACCEPT)
    assert missing.status == 404 and b'404 Not Found' in gzip.decompress(missing.body)


@pytest.mark.parametrize('value, yes', [
    ('gzip', True), ('GZIP', True), ('deflate, gzip', True), ('gzip;q=0.5', True), ('gzip ; q=1', True), ('gzip;q=0.001', True),
    ('br;q=1.0, gzip;q=0.8, *;q=0.1', True), ('gzip;q=0', False), ('gzip;q=0.0', False), ('gzip; q=0.000', False),
    ('deflate', False), ('', False), ('identity', False), ('xgzip', False), ('gzipx', False)])
def test_accept_encoding(shared, value, yes):
    answer = shared.get('/a.html', fields=[('Accept-Encoding', value)])
    assert bool(answer.all('Content-Encoding')) == yes
    assert (gzip.decompress(answer.body) if yes else answer.body) == TEXT


def test_versions(shared):
    """gzip_http_version; HTTP/1.0 gets no chunks: the end of the connection is that of the body."""
    assert not shared.get('/a.html', fields=ACCEPT, version='1.0').all('Content-Encoding')
    for target, version in (('/old/a.html', '1.0'), ('/unchunked/a.html', '1.1')):
        with shared.client() as client:
            answer = client.ask(target=target, fields=ACCEPT + [('Connection', 'keep-alive')], version=version)
            assert answer.all('Content-Encoding') == ['gzip'] and answer.get('Connection') == 'close'
            assert not answer.all('Transfer-Encoding') and gzip.decompress(answer.body) == TEXT


def test_vary(shared):
    """gzip_vary: also where this client does not get it."""
    for fields in ([], ACCEPT):
        assert shared.get('/more/a.txt', fields=fields).all('Vary') == ['Accept-Encoding']
        assert shared.get('/a.html', fields=fields).all('Vary') == []


def test_validators(shared):
    """The compressed form has a weak ETag, which If-None-Match takes and If-Range does not."""
    plain, answer = shared.get('/a.html'), shared.get('/a.html', fields=ACCEPT)
    assert answer.get('ETag') == 'W/' + plain.get('ETag') and answer.get('Last-Modified') == plain.get('Last-Modified')
    again = shared.get('/a.html', fields=ACCEPT + [('If-None-Match', answer.get('ETag'))])
    assert again.status == 304 and not again.all('Content-Encoding')
    whole = shared.get('/a.html', fields=ACCEPT + [('Range', 'bytes=0-9')])
    assert whole.status == 200 and gzip.decompress(whole.body) == TEXT
    part = shared.get('/a.html', fields=[('Range', 'bytes=0-9')])
    assert part.status == 206 and part.body == TEXT[:10]


@pytest.mark.ours
@pytest.mark.parametrize('target', ['/a.html', '/more/a.txt', '/more/a.html', '/off/a.html', '/static/s.txt', '/a.txt',
                                    '/both/s.txt', '/short.html', '/just.html', '/all/empty.html'])
@pytest.mark.parametrize('fields', [ACCEPT, []])
def test_not_modified(shared, target, fields):
    """RFC 9110 15.4.5: 304 has the ETag, Vary and the like that 200 has (RFC 9111 4.3.4 says what a cache makes of it)."""
    answer = shared.get(target, fields=fields)
    again = shared.get(target, fields=fields + [('If-None-Match', answer.get('ETag'))])
    assert answer.status == 200 and again.status == 304
    for name in ('ETag', 'Vary', 'Last-Modified'):
        assert again.all(name) == answer.all(name)


def test_head(shared):
    """RFC 9110 9.3.2, 8.6: HEAD has the fields of GET, and no length that GET's body would not have. As nginx."""
    for target in ('/a.html', '/utf8/a.html', '/empty.html', '/short.html', '/more/a.txt', '/static/s.txt', '/text', '/missing'):
        for version in ('1.1', '1.0'):
            for fields in (ACCEPT, []):
                answer, head = (shared.ask(method, target, fields, version=version) for method in ('GET', 'HEAD'))
                assert [field for field in head.fields if field[0] != 'Date'] == \
                    [field for field in answer.fields if field[0] != 'Date']
    assert shared.ask('HEAD', '/a.html', ACCEPT).get('Content-Encoding') == 'gzip'
    plain = shared.ask('HEAD', '/a.html')
    assert plain.get('Content-Length') == str(len(TEXT)) and not plain.all('Content-Encoding')
    with shared.client() as client:
        for _ in range(2):
            assert client.ask('HEAD', '/a.html', ACCEPT).status == 200
        client.expect_open()


@pytest.mark.parametrize('agent, yes', [
    ('Mozilla/5.0', True), ('x BAD-Browser y', False), ('Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', False),
    ('Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)', True), ('Mozilla/4.0 (MSIE 5.5)', False), ('MSIE 7.0', True)])
def test_agents(shared, agent, yes):
    answer = shared.get('/agents/a.html', fields=ACCEPT + [('User-Agent', agent)])
    assert bool(answer.all('Content-Encoding')) == yes


@pytest.mark.parametrize('target, fields, yes', [
    ('/a.html', [], False), ('/p/any/a.html', [], True), ('/p/expired/a.html', [], False), ('/p/expired/a.html?e=1h', [], False),
    ('/p/expired/a.html?e=-1', [], True), ('/p/expired/a.html?e=epoch', [], True),
    ('/p/control/a.html?c=no-cache', [], True), ('/p/control/a.html?c=no-store', [], False),
    ('/p/control/a.html?c=private,x', [], True), ('/p/control/a.html', [], False), ('/p/etag/a.html', [], True),
    ('/p/auth/a.html', [], False), ('/p/auth/a.html', [('Authorization', 'Basic eDp5')], True)])
def test_proxied(shared, target, fields, yes):
    """gzip_proxied: a request with Via came through a proxy."""
    answer = shared.get(target, fields=ACCEPT + [('Via', '1.1 somewhere')] + fields)
    assert bool(answer.all('Content-Encoding')) == yes
    assert shared.get(target, fields=ACCEPT).all('Content-Encoding') == ['gzip']


def test_after_charset(shared):
    """The order of filters: recoded, then compressed, then in chunks with a trailer at the end."""
    with shared.client() as client:
        for _ in range(2):
            client.send(request(target='/latin/u.html', fields=ACCEPT))
            head, body = client.head(), b''
            assert head.get('Content-Type') == 'text/html; charset=latin' and head.get('Content-Encoding') == 'gzip'
            size = int(client.line(), 16)
            while size:
                body += client.exactly(size)
                assert client.line() == b''
                size = int(client.line(), 16)
            assert client.line() == b'X-End: yes' and client.line() == b''
            assert gzip.decompress(body) == b'\xe9' * 5000


def test_stream(shared):
    """What a module has held as a whole, and what it streams piece by piece, is compressed alike."""
    fields = ACCEPT + [('Transfer-Encoding', 'chunked'), ('Content-Type', 'text/plain')]
    with shared.client() as client:
        client.send(request('POST', '/echo', fields) + b'6\r\nfirst \r\n')
        client.settle()
        client.send(b'6\r\nsecond\r\n0\r\n\r\n')
        answer = client.response('POST')
        assert answer.all('Content-Encoding') == ['gzip'] and gzip.decompress(answer.body) == b'first second'
        whole = client.ask('POST', '/echo', fields, chunked(TEXT, NOISE))
        assert gzip.decompress(whole.body) == TEXT + NOISE


def test_ratio(shared):
    shared.get('/a.html?ratio', fields=ACCEPT)
    shared.get('/a.html?plain')
    shared.wait_log(r'^/a\.html\?plain', 'ratio.log')
    lines = dict(line.split(' ', 1) for line in shared.read('ratio.log').splitlines())
    assert 4 < float(lines['/a.html?ratio'].split()[0]) < 40
    assert re.fullmatch(r'- %d' % len(TEXT), lines['/a.html?plain'])


@pytest.mark.ours
def test_no_memory(shared):
    """zlib's memory counts in connection_pool_budget; where it does not fit the answer goes out as it is."""
    answer = shared.get('/a.html', fields=ACCEPT, port='tight')
    assert answer.status == 200 and not answer.all('Content-Encoding') and answer.body == TEXT


def test_vanishing_clients(shared):
    for _ in range(20):
        with shared.client() as client:
            client.send(request(target='/noise.html', fields=ACCEPT))
            client.fill()
            client.reset()
    assert gzip.decompress(shared.get('/a.html', fields=ACCEPT).body) == TEXT


@pytest.mark.parametrize('target, fields, body, encoded', [
    ('/static/s.txt', ACCEPT, b'compressed form\n', True), ('/static/s.txt', [], b'plain form\n', False),
    ('/always/s.txt', [], b'compressed form\n', True), ('/always/only.txt', [], b'only\n', True),
    ('/static/only.txt', ACCEPT, b'only\n', True), ('/static/a.txt', ACCEPT, TEXT, False),
    ('/static/folder.txt', ACCEPT, b'folder\n', False), ('/static/s.txt.gz', ACCEPT, FILES['s.txt.gz'], False)], ids=short)
def test_gzip_static(shared, target, fields, body, encoded):
    answer = shared.get(target, fields=fields)
    assert answer.status == 200 and bool(answer.all('Content-Encoding')) == encoded
    assert (gzip.decompress(answer.body) if encoded else answer.body) == body
    if encoded:
        assert answer.get('Content-Type') == 'text/plain' and answer.get('Content-Length') == str(len(answer.body))
    assert answer.all('Vary') == (['Accept-Encoding'] if target in ('/static/s.txt', '/static/only.txt') else [])


def test_gzip_static_error_page(shared):
    """A compressed file that is shown for a status says that it is compressed, too."""
    page = shared.get('/both/missing', fields=ACCEPT)
    assert page.status == 404 and page.all('Content-Encoding') == ['gzip']
    assert gzip.decompress(page.body) == b'compressed form\n'
    plain = shared.get('/both/missing')
    assert plain.status == 404 and not plain.all('Content-Encoding') and plain.body == b'plain form\n'


@pytest.mark.parametrize('target, fields, kind', [
    ('/named/s.txt', ACCEPT, 'text/plain; charset=utf-8'), ('/named/s.txt', [], 'text/plain; charset=utf-8'),
    ('/said/s.txt', ACCEPT, 'text/plain; charset=utf-8'), ('/coded/s.txt', ACCEPT, 'text/plain'),
    ('/coded/s.txt', [], 'text/plain; charset=koi8-r'), ('/asked/s.txt?c=a', [], 'text/plain; charset=a'),
    ('/asked/s.txt?c=a&s=A', [], 'text/plain; charset=a'), ('/asked/s.txt?c=a&s=b', [], 'text/plain')], ids=short)
def test_charset(shared, target, fields, kind):
    """charset names what a compressed file is in, too (nginx-tests, charset_gzip_static.t); what would have to be recoded for
    it and cannot be is not said to be in it: nginx's ngx_http_charset_module, charset_map."""
    assert shared.get(target, fields=fields).get('Content-Type') == kind


def test_turns(server):
    """A body that is compressed as it leaves gives others their turn, even if the socket takes all that there is of
    it: of three requests that the server finds at once, in whatever order it takes them, the long one ends last."""
    server.http(CONFIG)
    with open(server.write('html/long.html', ''), 'r+b') as file:
        file.truncate(64 << 20)
    server.start()
    with server.client() as before, server.client() as long, server.client() as after:
        assert [client.ask(target='/text').status for client in (before, long, after)] == [200] * 3
        for pid in server.pids():
            os.kill(pid, signal.SIGSTOP)
        for client, target in ((before, '/text?short'), (long, '/more/long.html'), (after, '/text?short')):
            client.send(request(target=target, fields=ACCEPT)).settle()
        for pid in server.pids():
            os.kill(pid, signal.SIGCONT)
        assert [before.response().status, after.response().status] == [200, 200]
        assert len(gzip.decompress(long.response().body)) == 64 << 20
    server.wait_log('long', 'ratio.log')
    assert [line.split()[0] for line in server.read('ratio.log').splitlines()[3:]] == ['/text?short'] * 2 + ['/more/long.html']


def test_gzip_static_more(shared):
    """Files of their own: with validators, ranges and HEAD; what is not there is 404."""
    answer = shared.get('/static/s.txt', fields=ACCEPT)
    part = shared.get('/static/s.txt', fields=ACCEPT + [('Range', 'bytes=0-3')])
    assert part.status == 206 and part.body == answer.body[:4] and part.all('Content-Encoding') == ['gzip']
    same = shared.get('/static/s.txt', fields=ACCEPT + [('If-None-Match', answer.get('ETag'))])
    assert same.status == 304 and not same.all('Content-Encoding')
    bad = shared.get('/static/s.txt', fields=ACCEPT + [('Range', 'bytes=900-')])
    assert bad.status == 416 and not bad.all('Content-Encoding')
    assert shared.ask('HEAD', '/static/s.txt', ACCEPT).get('Content-Length') == answer.get('Content-Length')
    assert shared.get('/static/only.txt').status == 404 and shared.get('/static/none.txt', fields=ACCEPT).status == 404


@pytest.mark.parametrize('line', ['gzip yes;', 'gzip_comp_level 10;', 'gzip_http_version 2;', 'gzip_proxied some;',
                                  'gzip_disable "(";', 'gzip_static maybe;', 'gzip_types;'])
def test_wrong(server, line):
    server.http('server { listen 127.0.0.1:@http@; ' + line + ' }')
    assert server.run('-t', '-c', 'nginx.conf').returncode == 1
