# SPDX-License-Identifier: BSD-2-Clause
"""What an answer may hold with its status, where redirects lead without a Host, and variables of what was sent. The
sources stand beside each test."""
import os
import re

import pytest

from tests.harness.instance import has_ipv6
from tests.harness.wire import Client, request

pytestmark = pytest.mark.ours

LONG = 'x' * 20000
CONFIG = '''
    types { text/html html; text/plain txt; }
    gzip on; gzip_min_length 0; gzip_types *; charset utf-8;
    log_format sent '$request_uri|$status|$sent_http_transfer_encoding|$sent_http_content_type|$sent_http_connection|'
                    '$sent_http_content_length|$sent_http_x|$request_completion';
    access_log @dir@/sent.log sent;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        error_page 404 /none.html;
        location /return { return 205 "text"; }
        location /empty { return 205; }
        location /static { error_page 410 =205 /page.html; return 410; }
        location /big { error_page 410 =205 /large.txt; return 410; }
        location /map { charset koi8-r; charset_types text/plain; error_page 410 =205 /page.txt; return 410; }
        location /trailer { add_trailer X y; return 205 "text"; }
        location /echo { error_page 410 =205 @echo; return 410; }
        location @echo { echo_body; }
        location /whole { error_page 410 =205 @whole; return 410; }
        location @whole { echo_body whole; client_body_in_file_only on; }
        location /metrics { error_page 410 =205 @metrics; return 410; }
        location @metrics { metrics; }
        location /view { error_page 410 =205 /pools/; return 410; }
        location /pools/ { pool_view; }
        location /list { error_page 410 =205 @list; return 410; }
        location @list { autoindex on; }
        location /204 { error_page 410 =204 /page.html; return 410; }
        location /418 { return 418; }
        location /599 { return 599; }
        location /499 { return 499; }
        location /page418 { error_page 410 =418 /page.html; return 410; }
        location /to418 { error_page 410 =418 @418; return 410; }
        location @418 { return 418; }
        location /444 { add_header X y always; return 444; }
        location /early { return 200 "[$sent_http_transfer_encoding]"; }
        location /header { add_header X "$sent_http_content_type,$sent_http_content_length" always; return 200 "ab"; }
        location /chunks/ { alias @dir@/html/; }
        location /tcp {
            return 200 "$tcpinfo_rtt $tcpinfo_rttvar $tcpinfo_snd_cwnd $tcpinfo_rcv_space";
        }
        location /real/ { alias @dir@/link/; return 200 "$realpath_root|$document_root"; }
        location /unreal/ { root @dir@/nowhere; return 200 "[$realpath_root]"; }
        location /realof/ { root @dir@/html/$arg_x; return 200 "$realpath_root"; }
    }
    server { listen unix:@dir@/socket; location /tcp { return 200 "[$tcpinfo_rtt]"; } location / { return 301 /x; } }
'''
FILES = {'page.html': 'page', 'page.txt': 'page', 'large.txt': LONG, 'none.html': 'none', 'list/a': 'a', 'sub/x': 'x'}


def prepare(server):
    os.symlink(server.path('html'), server.path('link'))


# RFC 9110 15.3.6: "a server MUST NOT generate content in a 205 response"; 9112 6.3: so it says Content-Length: 0, for a
# client waits for a body with any status but 1xx, 204 and 304.
@pytest.mark.parametrize('method', ['GET', 'HEAD', 'POST'])
@pytest.mark.parametrize('target', ['/return', '/return.html', '/empty', '/static', '/big', '/map', '/trailer', '/echo',
                                    '/whole', '/metrics', '/view', '/list/'])
def test_205(shared, target, method):
    body = b'sent by the client' if method == 'POST' else None
    with shared.client() as client:
        for _ in range(2):  # the second answer shows that nothing followed the first
            answer = client.send(request(method, target, body=body, fields=[('Accept-Encoding', 'gzip')])).response(method)
            if method == 'POST' and answer.status in (403, 405):  # files and folders take none
                return
            assert (answer.status, answer.get('Content-Length'), answer.body) == (205, '0', b'')
            assert answer.get('Content-Type') is answer.get('Transfer-Encoding') is None


def test_205_in_http10(shared):
    answer = shared.get('/return', version='1.0')
    assert (answer.status, answer.get('Content-Length'), answer.body) == (205, '0', b'')


def test_204_of_a_file(shared):
    """nginx: no type and no date with what has no content."""
    answer = shared.get('/204')
    assert answer.status == 204 and answer.get('Content-Type') is answer.get('Last-Modified') is None


@pytest.mark.parametrize('target, status', [('/418', 418), ('/599', 599), ('/499', 499), ('/to418', 418)])
def test_page_without_a_phrase(shared, target, status):
    """RFC 9112 4: the phrase may be empty; a page says the number at least."""
    answer = shared.get(target)
    assert (answer.status, answer.reason) == (status, '')
    assert f'<title>{status}</title>' in answer.text and f'<h1>{status}</h1>' in answer.text


# RFC 9110 8.8: validators are those of the selected representation, which an error has not. nginx sends Last-Modified
# with 200, 206 and 304 alone.
@pytest.mark.parametrize('target, status', [('/missing', 404), ('/page418', 418)])
def test_validators_of_an_error(shared, target, status):
    answer = shared.get(target, fields=[('If-Modified-Since', 'Sat, 01 Jan 2124 00:00:00 GMT'), ('Range', 'bytes=0-0')])
    assert answer.status == status and answer.body
    assert answer.get('Last-Modified') is answer.get('ETag') is answer.get('Accept-Ranges') is None
    assert shared.get('/page.html').get('Last-Modified')


# nginx, server_name_in_redirect: "If this field is not present, the IP address of the server is used."
@pytest.mark.parametrize('listen', ['127.0.0.1:@names@', '@names@', '127.0.0.1:@names@ default_server'])
@pytest.mark.parametrize('name', ['', 'server_name first.test;', 'server_name_in_redirect on;'])
def test_redirects_without_a_host(server, listen, name):
    server.write('html/folder/x', '')
    server.http(f'server {{ listen {listen}; {name} root html; location /to {{ return 302 /there?a=b; }}'
                ' location /bare { port_in_redirect off; return 302 /there; } }')
    server.start()
    port = server.port('names')

    def location(target):
        return server.get(target, port='names', host=None, version='1.0').get('Location')

    assert location('/to') == f'http://127.0.0.1:{port}/there?a=b'
    assert location('/folder') == f'http://127.0.0.1:{port}/folder/'
    assert location('/bare') == 'http://127.0.0.1/there'


def test_redirects_to_the_name(server):
    server.http('server { listen 127.0.0.1:@http@; server_name first.test; server_name_in_redirect on; return 302 /x; }')
    server.start()
    assert server.get(host=None, version='1.0').get('Location') == f'http://first.test:{server.port()}/x'


@pytest.mark.skipif(not has_ipv6(), reason='no IPv6 here')
def test_redirects_to_ipv6(server):
    """RFC 3986 3.2.2: an IPv6 address stands in brackets (nginx 1.22 forgets them)."""
    server.http('server { listen [::]:@http@; return 302 /x; }')
    server.start()
    with Client(('::1', server.port())) as client:
        answer = client.send(b'GET / HTTP/1.0\r\n\r\n').response()
        assert answer.get('Location') == f'http://[::1]:{server.port()}/x'


def test_redirects_by_a_unix_socket(shared):
    """Nobody's name: RFC 9110 10.2.2 allows a relative reference."""
    with Client(shared.path('socket')) as client:
        assert client.send(b'GET / HTTP/1.0\r\n\r\n').response().get('Location') == '/x'
        client.expect_close()


def logged(shared, target):
    shared.wait_log(f'^{target}[|]', 'sent.log')
    return re.findall(f'^{target}[|](.*)$', shared.read('sent.log'), re.M)[-1]


def test_sent_of_what_was_never_sent(shared):
    """nginx, $sent_http_NAME: "arbitrary response header field"; without a response there is none.
    $request_completion: "“OK” if a request has completed, or an empty string otherwise"."""
    with shared.client() as client:
        client.send(request(target='/444')).expect_close()
    assert logged(shared, '/444') == '444|-|-|-|-|-|'
    assert shared.get('/early').text == '[]'
    assert logged(shared, '/early') == '200|-|text/plain; charset=utf-8|close|2|-|OK'
    assert shared.get('/header').get('X') == 'text/plain,2'
    assert shared.get('/chunks/large.txt', fields=[('Accept-Encoding', 'gzip')]).status == 200
    assert logged(shared, '/chunks/large.txt') == '200|chunked|text/plain; charset=utf-8|close|-|-|OK'


def test_completion_of_what_was_cut(shared):
    """A client that leaves in the middle of a file."""
    shared.write('html/huge.bin', b'x' * (8 << 20))
    with shared.client(narrow=True) as client:
        client.send(request(target='/huge.bin'))
        client.exactly(1000)
        client.reset()
    assert logged(shared, '/huge.bin').endswith('|')
    assert shared.get('/page.html').status == 200
    assert logged(shared, '/page.html').endswith('|OK')


def test_tcpinfo(shared):
    """nginx: "information about the client TCP connection"; the kernel's own figures by TCP_INFO (Linux, tcp(7))."""
    with shared.client() as client:
        text = client.send(request(target='/tcp')).response().text
        rtt, rttvar, window, space = map(int, text.split())
        assert 0 < rtt < 10_000_000 and 0 < rttvar < 10_000_000 and 1 <= window < 10_000 and space > 1000
    with Client(shared.path('socket')) as client:
        assert client.send(request(target='/tcp')).response().text == '[]'


def test_realpath_root(shared):
    """nginx: "an absolute pathname corresponding to the root or alias directive's value for the current request, with all
    symbolic links resolved to real paths"."""
    real = os.path.realpath(shared.path('html'))
    assert shared.get('/real/a').text == f'{real}|{shared.path("link")}/'
    assert shared.get('/realof/?x=sub').text == f'{real}/sub'
    assert shared.get('/unreal/').text == '[]'
    shared.expect(r'realpath\(\) ".*nowhere" failed')
