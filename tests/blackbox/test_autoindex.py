# SPDX-License-Identifier: BSD-2-Clause
"""nginx's ngx_http_autoindex_module and ngx_http_charset_module."""
import json
import os
import re
import urllib.parse
import xml.etree.ElementTree

import pytest

WHEN = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
NAMES = ['plain.txt', 'with space', 'q?#%', 'colon:x', '<b>&"q"', "it's", 'ünï', 'l' * 60, 'ü' * 60]
FILES = {**{f'list/{name}': 'x' * 42 for name in NAMES}, 'list/.hidden': '', 'list/sub/a': '', 'list/big': b'x' * 3000000,
         'list/middle': b'x' * 20480, 'empty/sub/.x': '', 'many/n0000': '', 'texts/a.txt': 'Xabc\xe9', 'texts/l.txt': b'a\xe9\x81',
         'texts/u.txt': 'a\xe9\u20ac\u0444', 'texts/a.bin': 'X', 'texts/big.txt': 'aé€' * 50000,
         'texts/broken.txt': b'a\xe9b\xc3', 'texts/said.html': 'x'}
CONFIG = '''
    types { text/html html; text/plain txt; }
    default_type application/octet-stream;
    charset_map one two { 58 59; }
    charset_map latin utf-8 { E9 C3A9; 80 E282AC; }
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        autoindex on;
        location /u/ { alias @dir@/html/; charset utf-8; autoindex_exact_size off; autoindex_localtime on; }
        location /json/ { alias @dir@/html/; autoindex_format json; }
        location /jsonp/ { alias @dir@/html/; autoindex_format jsonp; }
        location /xml/ { alias @dir@/html/; autoindex_format xml; }
        location /off/ { alias @dir@/html/; autoindex off; }
        location /named/ { alias @dir@/html/texts/; charset koi8-r; }
        location /var/ { alias @dir@/html/texts/; charset $arg_c; }
        location /some/ { alias @dir@/html/texts/; charset utf-8; charset_types application/octet-stream; }
        location /two/ { alias @dir@/html/texts/; charset two; source_charset one; }
        location /one/ { alias @dir@/html/texts/; charset one; source_charset two; }
        location /utf8/ { alias @dir@/html/texts/; charset utf-8; source_charset latin; }
        location /latin/ { alias @dir@/html/texts/; charset latin; source_charset utf-8; }
        location = /moved { charset utf-8; return 302 /; }
        location = /text { charset latin; source_charset utf-8; default_type text/plain; return 200 "aé€"; }
    }
'''


def prepare(server):
    for number in range(3000):
        server.write(f'html/many/n{number:04}', '')
    os.symlink('nowhere', server.path('html/list/dangling'))
    os.symlink('sub', server.path('html/list/linked'))
    for name in os.listdir(server.path('html/list')):
        if name != 'dangling':
            os.utime(server.path('html/list', name), (WHEN, WHEN))
    os.mkdir(server.path('html/closed'))


def links(text):
    return re.findall(r'<a href="([^"]*)">(.*?)</a>', text)


def test_html(shared):
    answer = shared.get('/list/')
    # Without `charset utf-8` columns are bytes: a long name may be cut within a character.
    page = answer.body.decode('utf-8', 'replace')
    assert answer.status == 200 and answer.get('Content-Type') == 'text/html'
    assert '<title>Index of /list/</title></head>' in page
    found = links(page)
    names = [name for name, _ in found]
    assert names[0] == '../' and names[1:3] == ['linked/', 'sub/'], 'folders come first'
    assert names[3:] == sorted(names[3:], key=lambda name: urllib.parse.unquote_to_bytes(name))
    assert 'q%3F%23%25' in names and 'colon%3Ax' in names and '%3Cb%3E%26%22q%22' in names and 'with%20space' in names
    assert not any('hidden' in name for name in names) and 'dangling' in names
    assert ('%3Cb%3E%26%22q%22', '&lt;b&gt;&amp;&quot;q&quot;') in found
    assert ('l' * 60, 'l' * 47 + '..&gt;') in found
    assert '<a href="plain.txt">plain.txt</a>' + ' ' * 42 + '06-Nov-1994 08:49                  42\r\n' in page
    assert '<a href="sub/">sub/</a>' + ' ' * 47 + '06-Nov-1994 08:49                   -\r\n' in page
    for name, _ in found[3:]:
        if name not in ('dangling', 'big', 'middle'):
            assert shared.get('/list/' + name).body == b'x' * 42


def test_html_rounded_and_utf8(shared):
    """autoindex_exact_size off: K and M; with charset utf-8 columns are characters, not bytes."""
    answer = shared.get('/u/list/')
    assert answer.get('Content-Type') == 'text/html; charset=utf-8'
    assert re.search(r'>big</a> +[^ ]+ [0-9:]+ +3M\r\n', answer.text)
    assert re.search(r'>middle</a> +[^ ]+ [0-9:]+ +20K\r\n', answer.text)
    assert re.search(r'>plain.txt</a> +[^ ]+ [0-9:]+ +42\r\n', answer.text)
    assert 'ü' * 47 + '..&gt;</a>' in answer.text


def test_json(shared):
    answer = shared.get('/json/list/')
    assert answer.get('Content-Type') == 'application/json'
    found = {one['name']: one for one in json.loads(answer.text)}
    assert set(found) == set(NAMES) | {'sub', 'linked', 'dangling', 'big', 'middle'}
    assert found['plain.txt'] == {'name': 'plain.txt', 'type': 'file', 'mtime': 'Sun, 06 Nov 1994 08:49:37 GMT', 'size': 42}
    assert found['sub']['type'] == found['linked']['type'] == 'directory' and 'size' not in found['sub']
    assert found['dangling']['type'] == 'other'
    assert json.loads(shared.get('/json/empty/sub/').text) == []


# nginx 1.22 (its documentation of autoindex_format leaves it out): a comment stands before the function, so that its
# name, which is the client's, does not decide what the first bytes of the file are.
GUARD = '/* callback */\r\n'


@pytest.mark.ours
def test_json_of_names_that_are_no_utf8(server):
    server.http('server { listen @http@; autoindex on; autoindex_format json; }')
    server.write('html/sub/a', '')
    for name in b'\xff\n"', b'\xc3\xa9', b'\xc2\x85':
        os.close(os.open(os.path.join(os.fsencode(server.path('html/sub')), name), os.O_CREAT))
    server.start()
    listing = json.loads(server.get('/sub/').body.decode('utf-8'))
    assert {one['name'] for one in listing} == {'a', '\xff\n"', '\xe9', '\x85'}


@pytest.mark.parametrize('query, before, after', [
    ('?callback=f.g_1', GUARD + 'f.g_1(', ');'), ('?a=b&callback=f', GUARD + 'f(', ');'), ('', '', ''),
    ('?callback=', '', ''), ('?xcallback=f', '', ''), ('?callback', '', ''), ('?Callback=f', GUARD + 'f(', ');'),
    ('?callback=&callback=f(', '', ''), (f'?callback={"f" * 128}', GUARD + 'f' * 128 + '(', ');')])
def test_jsonp(shared, query, before, after):
    answer = shared.get('/jsonp/list/' + query)
    assert answer.get('Content-Type') == ('application/javascript' if before else 'application/json')
    assert answer.text.startswith(before + '[') and answer.text.endswith(']' + after)


@pytest.mark.parametrize('name', ['alert(1)', 'a%20b', '%66', 'f;g', 'f%0d%0a', 'f' * 129, 'a[0]', '<b>', 'é'])
def test_jsonp_of_no_name(shared, name):
    """A callback that is not the name of a function is refused (nginx 1.22: 400), and nothing of it comes back."""
    with shared.client() as client:
        client.send(f'GET /jsonp/list/?callback={name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'.encode())
        answer = client.response()
        assert answer.status == 400 and name not in answer.text
    assert shared.get('/json/list/?callback=alert(1)').status == 200


def test_xml(shared):
    answer = shared.get('/xml/list/')
    assert answer.get('Content-Type') == 'text/xml; charset=utf-8'
    found = {one.text: one for one in xml.etree.ElementTree.fromstring(answer.text)}
    assert set(found) == set(NAMES) | {'sub', 'linked', 'dangling', 'big', 'middle'}
    assert found['plain.txt'].tag == 'file'
    assert found['plain.txt'].attrib == {'mtime': '1994-11-06T08:49:37Z', 'size': '42'}
    assert found['sub'].tag == 'directory' and 'size' not in found['sub'].attrib


def test_many(shared):
    with shared.client() as client:
        for _ in range(3):
            assert len(links(client.ask(target='/many/').text)) == 3001


@pytest.mark.parametrize('method, target, status', [
    ('GET', '/off/list/', 403), ('POST', '/list/', 403), ('GET', '/missing/', 404), ('GET', '/list/plain.txt/', 404),
    ('HEAD', '/list/', 200), ('GET', '/list', 301)])
def test_statuses(shared, method, target, status):
    assert shared.ask(method, target, body=b'' if method == 'POST' else None).status == status


@pytest.mark.parametrize('target, kind', [
    ('/named/a.txt', 'text/plain; charset=koi8-r'), ('/named/said.html', 'text/html; charset=koi8-r'),
    ('/named/a.bin', 'application/octet-stream'), ('/var/a.txt?c=x', 'text/plain; charset=x'), ('/var/a.txt', 'text/plain'),
    ('/some/a.bin', 'application/octet-stream; charset=utf-8'), ('/some/a.txt', 'text/plain'),
    ('/some/said.html', 'text/html; charset=utf-8'), ('/moved', 'text/html')])
def test_charset_named(shared, target, kind):
    """charset, for the types of charset_types (text/html always); not in redirects."""
    answer = shared.get(target)
    assert answer.get('Content-Type') == kind


@pytest.mark.parametrize('target, body', [
    ('/two/a.txt', b'Yabc??'), ('/one/a.txt', b'Xabc??'), ('/two/a.bin', b'X'), ('/utf8/l.txt', 'aé?'.encode()),
    ('/latin/u.txt', b'a\xe9\x80&#1092;'), ('/latin/broken.txt', b'a?b?'), ('/text', b'a\xe9\x80'),
    ('/latin/big.txt', b'a\xe9\x80' * 50000)])
def test_charset_recoded(shared, target, body):
    """charset_map: bytes that it does not name stay if they are ASCII, else are ?; what a charset lacks of UTF-8 is an
    HTML entity."""
    for version in ('1.1', '1.0'):
        answer = shared.get(target, version=version)
        assert answer.body == body
        if version == '1.0' and 'utf8' not in target and 'latin' not in target and target != '/text':
            assert int(answer.get('Content-Length')) == len(body)


def test_charset_range(shared):
    """A range is one of the file; where the length stays the same it may be taken."""
    part = shared.get('/two/a.txt', fields=[('Range', 'bytes=0-1')])
    assert part.status == 206 and part.body == b'Ya' and part.get('Content-Range') == 'bytes 0-1/6'
    whole = shared.get('/utf8/l.txt', fields=[('Range', 'bytes=0-1')])
    assert whole.status == 200 and not whole.get('Accept-Ranges')
    head = shared.ask('HEAD', '/two/a.txt')
    assert head.get('Content-Length') == '6' and head.get('Content-Type') == 'text/plain; charset=two'
    longer = shared.ask('HEAD', '/utf8/l.txt') # RFC 9110 8.6: no length that GET's body would not have
    assert longer.status == 200 and not longer.all('Content-Length') and not longer.all('Accept-Ranges')


@pytest.mark.parametrize('lines, says', [
    ('charset_map a a { }', 'same charsets'), ('charset_map a b { 1 2; } charset_map b a { }', 'duplicate'),
    ('charset_map a b { xx 10; }', 'invalid value'), ('charset_map a b { 10 1011; }', 'invalid value'),
    ('charset_map a b { 10; }', 'invalid parameters number'), ('charset a; source_charset b;', 'no "charset_map"'),
    ('autoindex_format yaml;', 'invalid value')])
def test_wrong(server, lines, says):
    server.http(lines + ' server { listen 127.0.0.1:@http@; }')
    outcome = server.run('-t', '-c', 'nginx.conf')
    assert outcome.returncode == 1 and says in outcome.stderr
