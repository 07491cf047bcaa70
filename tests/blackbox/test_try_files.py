# SPDX-License-Identifier: BSD-2-Clause
"""try_files, and what comes after it: what was found is the request's path as the name is written, without the slash that
says "a folder" (nginx.org, ngx_http_core_module, try_files: "It is possible to check directory's existence by specifying a
slash at the end of a name"; "uses the first found file for request processing; the processing is performed in the current
context"). Static files then answer a folder 301 to its name with the slash, and index leads to the file's own location. Each
expectation here was compared with nginx 1.22."""
import re

import pytest

FILES = {
    'index.html': 'home\n', 'a.txt': 'text\n', 'page.html': 'page\n', 'docs/index.html': 'docs\n', 'docs/b.txt': 'b\n',
    'adm/index.html': 'the keys\n', 'private/secret.txt': 's', 'empty/x': '', 'with space/index.html': 'spaced\n',
    'tree/docs/index.html': 'tree docs\n', 'd.html/index.html': 'a folder\n',
    '../al/f.txt': 'alias f\n', '../al/in/index.html': 'alias in\n', '../out.txt': 'secret\n', '../outer/x': 'secret\n'}
CONFIG = '''
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        server_name site.test;
        root @dir@/html;
        location / { try_files $uri $uri/ =404; }
        location = /adm/index.html { deny all; }
        location /private/ { deny all; }
        location /made/ { try_files /docs/ =404; }
        location /bare/ { rewrite ^/bare/(.*)$ /$1 break; try_files $uri $uri.html $uri/ @lost; }
        location ~ ^/tree/(?<rest>.*)$ { try_files /tree/$rest/ /$rest @lost; }
        location @lost { return 200 "lost $uri $args"; }
        location /al/ { alias @dir@/al/; try_files $uri $uri/ @lost; }
        location ~ ^/re(?<tail>/.*)$ { alias @dir@/al; try_files $tail $tail/ @lost; }
        location ~ ^/html/ { alias @dir@; try_files $uri =404; }
    }
    server {
        listen 127.0.0.1:@page@;
        root @dir@/html;
        autoindex on;
        location / { try_files $uri $uri/ /index.html?$args; }
        location = /index.html { add_header Cache-Control no-store; add_header X-Path "$uri|$args"; }
        location = /docs/index.html { return 200 "its own location"; }
        location /private/ { deny all; }
    }
    server {
        listen 127.0.0.1:@guarded@;
        root @dir@/html;
        index $arg_i;
        autoindex on;
        location /al { alias @dir@/al/; }
        location /tried { alias @dir@/al/; try_files $uri $uri/ =404; }
        location /named { alias @dir@/al/; index none.html $arg_i; }
        location /else { alias @dir@/al/; index /a.txt; }
        location /zipped { alias @dir@/al/; gzip_static always; }
        location ~ ^/group(.*)$ { alias @dir@/al/$1; }
        location ~ ^/word(?<tail>.*)$ { alias @dir@/al/$tail; }
        location ~ ^/root([^/]*)/ { root @dir@/al/$1/..; }
        location ~ ^/fine(/.*)$ { alias @dir@/html/../al$1; }
        location /plain { alias @dir@/al/; autoindex off; }
    }
'''


def seen(answer):
    """Status, and where it leads or what it says."""
    location = answer.get('Location')
    if location is not None:
        return answer.status, re.sub(r'^http://[^/]*', '', location)
    return answer.status, answer.text if answer.status == 200 else None


@pytest.mark.parametrize('target, status, what', [
    ('/', 200, 'home\n'), ('/a.txt', 200, 'text\n'), ('/none', 404, None), ('/none/', 404, None), ('/a.txt/', 404, None),
    ('/docs', 301, '/docs/'), ('/docs/', 200, 'docs\n'), ('/docs?x=1&y', 301, '/docs/?x=1&y'), ('/with%20space', 301, '/with%20space/'),
    ('/d.html', 301, '/d.html/'), ('/adm', 301, '/adm/'), ('/adm/', 403, None), ('/adm/index.html', 403, None),
    ('/private', 301, '/private/'), ('/private/', 403, None), ('/empty', 301, '/empty/'), ('/empty/', 403, None),
    ('/made/x', 301, '/docs/'), ('/made/', 301, '/docs/'), ('/bare/docs', 301, '/docs/'), ('/bare/docs/', 200, 'docs\n'),
    ('/bare/page', 200, 'page\n'), ('/bare/none?q', 200, 'lost /none q'),
    ('/tree/docs', 301, '/tree/docs/'), ('/tree/a.txt', 200, 'text\n'), ('/tree/none', 200, 'lost /tree/none '),
    ('/al/f.txt', 200, 'alias f\n'), ('/al/in', 301, '/al/in/'), ('/al/in/', 200, 'alias in\n'), ('/al/none', 200, 'lost /al/none '),
    ('/re/f.txt', 200, 'alias f\n'), ('/re/none', 200, 'lost /re/none '), ('/html/a.txt', 200, 'text\n'), ('/html/none', 404, None)])
def test_found(shared, target, status, what):
    """A folder is redirected to its name with a slash, and its index is asked in the index' own location."""
    assert seen(shared.get(target, host='site.test')) == (status, what)


@pytest.mark.parametrize('method, target, status', [
    ('HEAD', '/docs', 301), ('HEAD', '/docs/', 200), ('HEAD', '/none', 404), ('POST', '/docs', 301), ('POST', '/docs/', 405),
    ('POST', '/a.txt', 405), ('POST', '/none', 404), ('PUT', '/docs', 405), ('PUT', '/none', 404), ('POST', '/adm/', 403)])
def test_methods(shared, method, target, status):
    """try_files asks for no method; static files do."""
    assert shared.ask(method, target, body=b'x' if method in ('POST', 'PUT') else None).status == status


@pytest.mark.parametrize('target, status, what, path', [
    ('/', 200, 'home\n', '/index.html|'), ('/index.html', 200, 'home\n', '/index.html|'), ('/view/7?x=1', 200, 'home\n', '/index.html|x=1'),
    ('/a.txt', 200, 'text\n', None), ('/docs', 301, '/docs/', None), ('/docs/', 200, 'its own location', None),
    ('/private', 301, '/private/', None), ('/private/', 403, None, None)])
def test_one_page(shared, target, status, what, path):
    """An application of one page: its index.html is never cached, whichever way it is reached; a folder is never listed by
    a name without the slash, past the location that protects it."""
    answer = shared.get(target, port='page')
    assert seen(answer) == (status, what)
    assert (answer.get('X-Path'), answer.get('Cache-Control')) == (path, 'no-store' if path else None)


@pytest.mark.parametrize('target', [
    '/al../', '/al../?i=', '/al../?i=out.txt', '/al../?i=/a.txt', '/al../outer/', '/al../outer', '/al../out.txt', '/al..', '/tried../',
    '/tried../outer/', '/tried../out.txt', '/named../', '/named../?i=out.txt', '/else../', '/zipped../', '/zipped../out.txt',
    '/plain../', '/plain../?i=out.txt', '/plain../out.txt',
    '/group../', '/group../outer/', '/group../out.txt', '/word../', '/word../out.txt', '/word../outer/x', '/root../out.txt'])
def test_alias_refuses(shared, target):
    """The text of an alias and the rest of the path never make a ".." together, whoever asks: static files, index whether or
    not it names something, autoindex (RFC 3986 5.2.4: a path's dot segments are gone before it is mapped)."""
    for method in 'GET', 'HEAD':
        answer = shared.ask(method, target, port='guarded')
        assert answer.status == 404 and b'secret' not in answer.body and b'out' not in answer.body


def test_alias_lists(shared):
    """What the guard lets through: the folder itself."""
    assert 'href="f.txt"' in shared.get('/al/', port='guarded').text
    assert shared.get('/al/?i=f.txt', port='guarded').text == 'alias f\n'
    assert shared.get('/al/in/?i=' + 'n' * 40, port='guarded').status == 200
    assert shared.get('/al/in/?i=' + './' * 20 + 'index.html', port='guarded').text == 'alias in\n'
    assert shared.get('/fine/f.txt', port='guarded').text == 'alias f\n'
    assert shared.get('/group/f.txt', port='guarded').text == 'alias f\n'
    assert shared.get('/word/in/?i=index.html', port='guarded').text == 'alias in\n'
    assert shared.get('/else/', port='guarded').text == 'text\n'
