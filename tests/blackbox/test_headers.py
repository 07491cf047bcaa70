# SPDX-License-Identifier: BSD-2-Clause
"""What the configuration adds to answers: nginx's ngx_http_headers_module (expires, add_header, add_trailer),
ngx_http_stub_status_module; core: limit_rate, max_ranges, chunked_transfer_encoding, if_modified_since. RFC 9110 6.5
(trailers), 14 (ranges), 13.1.5 (If-Range)."""
import email.utils
import os
import re
import time

import pytest

from tests.harness.wire import request

DIGITS = b'0123456789' * 10
BIG = os.urandom(1 << 12) * 64
WHEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
FILES = {'a.txt': 'text\n', 'digits.txt': DIGITS, 'big.bin': BIG, 'empty.txt': ''}
CONFIG = '''
    server {
        listen 127.0.0.1:@http@;
        add_header X-Server s;
        location / { root @dir@/html; }
        location = /own { add_header X-One 1; add_header X-Two $arg_v; add_header X-One again; return 200 own; }
        location = /error { add_header X-One 1; add_header X-Always 2 always; return 404; }
        location = /away { add_header X-One 1; return 302 /; }
        location /line/ { add_header X-Line "a $uri"; add_header ETag $uri; charset $uri; default_type text/plain; return 200 own; }
        location /line/away { return 302 /to$uri; }
        location /line/rewritten { rewrite ^ http://other$uri redirect; }
        location ~ ^/line/end { alias @dir@/html/a.txt; add_trailer X-End "a $uri"; }
        location /e/ { alias @dir@/html/; expires $arg_e; }
        location /epoch/ { alias @dir@/html/; expires epoch; }
        location /max/ { alias @dir@/html/; expires max; }
        location /hour/ { alias @dir@/html/; expires 1h; }
        location /minus/ { alias @dir@/html/; expires -1; }
        location /modified/ { alias @dir@/html/; expires modified 1d; }
        location /daily/ { alias @dir@/html/; expires @23h59m; }
        location /hour/off/ { alias @dir@/html/; expires off; }
        location /t/ { alias @dir@/html/; add_trailer X-End $status; add_trailer X-Empty ""; }
        location /two/ { alias @dir@/html/; max_ranges 2; add_header X-A b; }
        location /none/ { alias @dir@/html/; max_ranges 0; }
        location /shown { error_page 403 =200 /two/digits.txt; return 403; }
        location /no-lm/ { alias @dir@/html/; add_header Last-Modified ""; }
        location /lm/ { alias @dir@/html/; add_header Last-Modified "Mon, 28 Sep 1970 06:00:00 GMT"; }
        location /tag/ { alias @dir@/html/; add_header ETag '"tag"'; }
        location /before/ { alias @dir@/html/; if_modified_since before; }
        location /never/ { alias @dir@/html/; if_modified_since off; }
        location /slow/ { alias @dir@/html/; limit_rate 100k; limit_rate_after 100k; }
        location /status { stub_status; }
    }
    server {
        listen 127.0.0.1:@copied@;
        chunked_transfer_encoding off;
        client_max_body_size 10m;
        location / { echo_body; }
        location /t/ { alias @dir@/html/; add_trailer X-End $status; }
        location /s/ { alias @dir@/html/; sendfile off; limit_rate 100k; limit_rate_after 100k; }
        location /shown { error_page 403 =200 /s/digits.txt; return 403; }
        location /missing { error_page 404 /s/digits.txt; return 404; }
    }
'''


def prepare(server):
    os.utime(server.path('html/a.txt'), (WHEN, WHEN))
    os.utime(server.path('html/digits.txt'), (WHEN, WHEN))


def seconds(text):
    return email.utils.parsedate_to_datetime(text).timestamp()


def test_add_header(shared):
    """A level that has any add_header inherits none; empty values add nothing; the same name may come again."""
    assert shared.get('/a.txt').all('X-Server') == ['s']
    own = shared.get('/own')
    assert own.all('X-One') == ['1', 'again'] and not own.all('X-Two') and not own.all('X-Server')
    assert shared.get('/own?v=w').all('X-Two') == ['w']


def test_add_header_statuses(shared):
    """Added with 200, 201, 204, 206, 301, 302, 303, 304, 307, 308; with `always` to every answer."""
    answer = shared.get('/error')
    assert answer.status == 404 and not answer.all('X-One') and answer.all('X-Always') == ['2']
    assert shared.get('/away').all('X-One') == ['1']
    assert not shared.get('/missing').all('X-Server')
    same = shared.get('/a.txt', fields=[('If-Modified-Since', email.utils.formatdate(WHEN, usegmt=True))])
    assert same.status == 304 and same.all('X-Server') == ['s']
    part = shared.get('/a.txt', fields=[('Range', 'bytes=0-1')])
    assert part.status == 206 and part.all('X-Server') == ['s'] and part.body == b'te'


@pytest.mark.parametrize('target, control, offset', [
    ('/hour/a.txt', 'max-age=3600', 3600), ('/minus/a.txt', 'no-cache', -1), ('/e/a.txt?e=-5', 'no-cache', -5),
    ('/e/a.txt?e=2m', 'max-age=120', 120), ('/e/a.txt?e=0', 'max-age=0', 0)])
def test_expires_from_now(shared, target, control, offset):
    answer = shared.get(target)
    assert answer.get('Cache-Control') == control
    assert seconds(answer.get('Expires')) == seconds(answer.get('Date')) + offset


def test_expires_fixed(shared):
    epoch, most = shared.get('/epoch/a.txt'), shared.get('/max/a.txt')
    assert (epoch.get('Expires'), epoch.get('Cache-Control')) == ('Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache')
    assert most.get('Expires') == 'Thu, 31 Dec 2037 23:55:55 GMT' and most.get('Cache-Control') == 'max-age=315360000'
    modified = shared.get('/modified/a.txt')
    assert seconds(modified.get('Expires')) == WHEN + 86400 and modified.get('Cache-Control') == 'no-cache'
    daily = shared.get('/daily/a.txt')
    at = time.localtime(seconds(daily.get('Expires')))
    assert (at.tm_hour, at.tm_min, at.tm_sec) == (23, 59, 0)
    assert 0 <= int(daily.get('Cache-Control')[8:]) <= 86400


@pytest.mark.parametrize('target', ['/hour/off/a.txt', '/e/a.txt', '/e/a.txt?e=off', '/e/a.txt?e=never', '/hour/missing'])
def test_expires_not(shared, target):
    """off, an empty or senseless variable, an error."""
    answer = shared.get(target)
    assert not answer.all('Expires') and not answer.all('Cache-Control')


def trailers(client):
    """The body and trailer fields of a chunked answer."""
    body = b''
    while True:
        size = int(client.line(), 16)
        if not size:
            break
        body += client.exactly(size)
        assert client.line() == b''
    fields = []
    while True:
        line = client.line()
        if not line:
            return body, fields
        fields.append(line)


@pytest.mark.parametrize('name, content', [('a.txt', b'text\n'), ('big.bin', BIG), ('empty.txt', b'')])
def test_trailers(shared, name, content):
    """RFC 9110 6.5, RFC 9112 7.1.2: a trailer section ends a chunked body; the connection goes on."""
    with shared.client() as client:
        for _ in range(2):
            client.send(request(target='/t/' + name))
            head = client.head()
            assert head.status == 200 and head.get('Transfer-Encoding') == 'chunked' and not head.get('Content-Length')
            assert trailers(client) == (content, [b'X-End: 200'])


BREAKS = ['%0d%0a', '%0a', '%0d', '%0D%0AContent-Length:%200%0D%0A%0D%0AHTTP/1.1%20200%20OK%0D%0A']


@pytest.mark.ours
@pytest.mark.parametrize('target', ['own', 'away', 'rewritten'])
@pytest.mark.parametrize('escape', BREAKS)
def test_no_field_ends_early(shared, target, escape):
    """RFC 9110 5.5: CR, LF and NUL have no place in a value, and $uri is decoded: whoever writes the target does not write
    the answer. (The client refuses a bare CR, and whatever follows the answer.)"""
    with shared.client() as client:
        answer = client.ask('GET', f'/line/{target}{escape}X-Smuggled:%20yes')
        assert answer.status in (200, 302) and not answer.all('X-Smuggled')
        assert 'X-Smuggled: yes' in ' '.join(value for _, value in answer.fields)
        assert client.ask('GET', '/own?v=x').text == 'own'


@pytest.mark.ours
@pytest.mark.parametrize('escape', BREAKS)
def test_no_trailer_ends_early(shared, escape):
    with shared.client() as client:
        client.send(request(target=f'/line/end{escape}X-Smuggled:%20yes'))
        assert client.head().status == 200
        body, fields = trailers(client)
        assert body == b'text\n' and len(fields) == 1 and fields[0].endswith(b'X-Smuggled: yes')
        assert client.ask('GET', '/own?v=x').text == 'own'


def test_no_trailers(shared):
    """HTTP/1.0 knows no chunks, a 304 no body, chunked_transfer_encoding off forbids them."""
    old = shared.get('/t/a.txt', version='1.0')
    assert old.body == b'text\n' and old.get('Content-Length') == '5'
    same = shared.get('/t/a.txt', fields=[('If-Modified-Since', email.utils.formatdate(WHEN, usegmt=True))])
    assert same.status == 304 and not same.get('Transfer-Encoding')
    assert shared.get('/t/a.txt', port='copied').get('Content-Length') == '5'


def test_chunked_off(shared):
    """nginx: chunked_transfer_encoding off: a body of unknown length ends with the connection."""
    with shared.client('copied') as client:
        body = b'5\r\nhello\r\n0\r\n\r\n'
        client.send(request('POST', '/x', [('Transfer-Encoding', 'chunked')], body))
        answer = client.response()
        assert not answer.get('Transfer-Encoding') and answer.body.endswith(b'hello')
        if answer.get('Content-Length') is None:
            assert answer.get('Connection') == 'close'


def parts_of(answer):
    boundary = re.fullmatch('multipart/byteranges; boundary=([^ ]+)', answer.get('Content-Type')).group(1).encode()
    pieces = answer.body.split(b'\r\n--' + boundary)
    assert pieces[0] == b'' and pieces[-1] == b'--\r\n'
    found = []
    for piece in pieces[1:-1]:
        head, _, body = piece.partition(b'\r\n\r\n')
        found.append((dict(line.split(b': ', 1) for line in head.split(b'\r\n')[1:]), body))
    return found


@pytest.mark.parametrize('folder', ['/', '/two/'])
def test_several_ranges(shared, folder):
    """RFC 9110 14.6: several ranges are a multipart/byteranges, each part with its own Content-Range."""
    answer = shared.get(folder + 'digits.txt', fields=[('Range', 'bytes=0-4, -3')])
    assert answer.status == 206 and not answer.all('Content-Range')
    assert int(answer.get('Content-Length')) == len(answer.body)
    assert parts_of(answer) == [
        ({b'Content-Type': b'text/plain', b'Content-Range': b'bytes 0-4/100'}, b'01234'),
        ({b'Content-Type': b'text/plain', b'Content-Range': b'bytes 97-99/100'}, b'789')]


def test_several_ranges_large(shared):
    answer = shared.get('/big.bin', fields=[('Range', 'bytes=0-99999,100001-200000')])
    assert [body for _, body in parts_of(answer)] == [BIG[:100000], BIG[100001:200001]]
    with shared.client() as client:
        for _ in range(2):
            answer = client.ask(target='/digits.txt', fields=[('Range', 'bytes=1-1,3-3')])
            assert [body for _, body in parts_of(answer)] == [b'1', b'3']
        head = client.ask('HEAD', '/digits.txt', [('Range', 'bytes=1-1,3-3')])
        assert head.status == 200 and head.get('Content-Length') == '100'  # RFC 9110 14.2: ranges are GET's


@pytest.mark.parametrize('target, ranges, status', [
    ('/two/digits.txt', '0-0,2-2', 206), ('/two/digits.txt', '0-0,2-2,4-4', 200), ('/none/digits.txt', '0-0', 200),
    ('/two/digits.txt', '0-0,2-2,900-', 206), ('/digits.txt', '0-99,0-99', 200), ('/two/digits.txt', '200-', 416)])
def test_max_ranges(shared, target, ranges, status):
    """nginx: max_ranges; RFC 9110 14.2: more bytes than there are may be answered with the whole."""
    answer = shared.get(target, fields=[('Range', 'bytes=' + ranges)])
    assert answer.status == status
    if status == 200:
        assert answer.body == DIGITS and answer.all('Accept-Ranges') == ([] if 'none' in target else ['bytes'])
    if status == 416:
        assert answer.get('Content-Range') == 'bytes */100' and not answer.all('X-A')


@pytest.mark.parametrize('port, target, status',
                         [('http', '/shown', 206), ('copied', '/shown', 206), ('copied', '/missing', 404)])
def test_range_of_a_page(shared, port, target, status):
    """A part is 206, also of a page that error_page shows with 200, with filters or without; one with an error has none."""
    answer = shared.get(target, port=port, fields=[('Range', 'bytes=2-4')])
    assert answer.status == status
    assert answer.all('Content-Range') == (['bytes 2-4/100'] if status == 206 else [])
    assert answer.body == (DIGITS[2:5] if status == 206 else DIGITS)


def test_if_range_and_added_validators(shared):
    """RFC 9110 13.1.5: If-Range is compared with the validators that the answer bears."""
    date = 'Mon, 28 Sep 1970 06:00:00 GMT'
    fields = [('Range', 'bytes=0-1'), ('If-Range', date)]
    assert shared.get('/lm/a.txt').get('Last-Modified') == date
    assert shared.get('/lm/a.txt', fields=fields).status == 206
    assert shared.get('/a.txt', fields=fields).status == 200
    assert shared.get('/no-lm/a.txt').get('Last-Modified') is None
    assert shared.get('/no-lm/a.txt', fields=[fields[0], ('If-Range', email.utils.formatdate(WHEN, usegmt=True))]).status == 200
    assert shared.get('/tag/a.txt', fields=[fields[0], ('If-Range', '"tag"')]).status == 206


def test_if_modified_since(shared):
    """nginx: exact (the default), before, off."""
    later = [('If-Modified-Since', email.utils.formatdate(WHEN + 10, usegmt=True))]
    same = [('If-Modified-Since', email.utils.formatdate(WHEN, usegmt=True))]
    assert [shared.get(place + 'a.txt', fields=later).status for place in ('/', '/before/', '/never/')] == [200, 304, 200]
    assert [shared.get(place + 'a.txt', fields=same).status for place in ('/', '/before/', '/never/')] == [304, 304, 200]


@pytest.mark.parametrize('target, port', [('/slow/big.bin', 'http'), ('/s/big.bin', 'copied')])
def test_limit_rate(shared, target, port):
    """nginx: limit_rate after limit_rate_after: 256 KiB at 100 KiB a second after the first 100, the first second's
    share at once."""
    began = time.monotonic()
    assert shared.get(target, port=port).body == BIG
    assert 0.4 < time.monotonic() - began


def figures(answer):
    match = re.fullmatch('Active connections: ([0-9]+) \nserver accepts handled requests\n ([0-9]+) ([0-9]+) ([0-9]+) \n'
                         'Reading: ([0-9]+) Writing: ([0-9]+) Waiting: ([0-9]+) \n', answer.text)
    return dict(zip(('active', 'accepts', 'handled', 'requests', 'reading', 'writing', 'waiting'),
                    (int(number) for number in match.groups())))


def test_stub_status(shared):
    """nginx: active = reading + writing + waiting; this request is one that is written."""
    with shared.client() as client, shared.client() as idle, shared.client() as half:
        idle.ask(target='/a.txt')
        half.send(b'GET / HTTP/1.1\r\n')
        half.settle()
        first = figures(client.ask(target='/status'))
        shared.wait_for(lambda: figures(client.ask(target='/status'))['reading'] == 1, 'the half request')
        now = figures(client.ask(target='/status'))
        assert now['writing'] == 1 and now['waiting'] == now['active'] - 2 and now['active'] >= 3
        assert now['requests'] > first['requests'] and now['accepts'] == now['handled'] >= 3
        assert client.ask('POST', '/status', body=b'').status == 405
        assert client.ask('HEAD', '/status').status == 200


@pytest.mark.parametrize('line', [
    'add_header X;', 'add_header X y sometimes;', 'expires never;', 'expires since 1h;', 'expires @25h;', 'max_ranges -1;',
    'limit_rate x;', 'if_modified_since after;', 'stub_status on off;'])
def test_wrong(server, line):
    server.http('server { listen 127.0.0.1:@http@; location / { ' + line + ' } }')
    outcome = server.run('-t', '-c', 'nginx.conf')
    assert outcome.returncode == 1 and '[emerg]' in outcome.stderr and 'nginx.conf:2' in outcome.stderr
