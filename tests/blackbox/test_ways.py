# SPDX-License-Identifier: BSD-2-Clause
"""Which way a request takes: try_files and limit_except (nginx's core), map (ngx_http_map_module); expectations from
their documentation on nginx.org."""
import pytest

from tests.harness.wire import chunked, request

FILES = {'a.txt': 'text\n', 'maintenance.html': 'later\n', 'folder/index.html': 'folder\n', 'c.html': 'c\n',
         'images/x.gif': 'gif\n', 'default.gif': 'default\n'}
CONFIG = '''
    map $arg_k $plain { default other; one 1; Two 2; "with space" 3; \\~tilde literal; empty ""; }
    map $arg_k $by_regex { ~^(?<head>[a-z])(\\d+)$ "$head and $2"; ~*^CASE$ any; exact key; ~exact regex; }
    map $arg_h $by_host {
        hostnames;
        default none;
        example.org exact; *.example.org below; .dotted.org both; www.* above; *.b.example.org longer;
    }
    map $arg_k$arg_h $nested { default "[$plain]"; }
    map $turn $kept { default "$turn"; }
    map $turn $fresh { volatile; default "$turn"; }
    map $circle $circle { default "<$circle>"; }
    log_format short "$request_method $uri";
    access_log off;
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        location /map { return 200 "$plain|$by_regex|$by_host|$nested"; }
        location /twice { set $turn 1; set $a "$kept$fresh"; set $turn 2; return 200 "$a$kept$fresh"; }
        location /circle { return 200 "$circle"; }

        location /try/ { rewrite ^/try/(.*)$ /$1; }
        location /images/ { try_files $uri /default.gif; }
        location /code/ { try_files /nothing$uri =410; }
        location /system/ { try_files /maintenance.html $uri $uri/index.html =404; }
        location /ext/ { rewrite ^/ext/(.*)$ /$1 break; try_files $uri $uri.html $uri/ @fallback; }
        location /args/ { try_files $uri /back?path=$uri; }
        location /alias/ { alias @dir@/html/folder/; try_files $uri $uri/ /a.txt; }
        location /back { return 200 "$uri $args"; }
        location @fallback { return 200 "fallback $uri"; }
        location /tried { try_files /nope @fallback; location /tried/in { } }
        location /block { try_files /a.txt =404; if ($arg_x) { add_header X-In if; } }

        location /guarded { limit_except GET OPTIONS { deny all; } echo_body; }
        location /limited { limit_except GET { access_log @dir@/limited.log short; } echo_body; }
        location /reading { limit_except GET { deny all; } echo_body; }
        location /some { limit_except GET PUT { allow 10.0.0.0/8; allow 127.0.0.1; deny all; } echo_body; }
        location /opened { deny all; limit_except GET { allow all; } echo_body; }
        location /kept { deny all; limit_except GET { access_log off; } echo_body; }
        location /returned { limit_except GET { deny all; } return 200 "returned"; }
        location /shown { limit_except GET { deny all; } error_page 403 =405 /a.txt; echo_body; }

        location = /text { return 200 "text"; }
        location = /echo { echo_body; }
        location = /ended { add_trailer X-End yes; gzip on; gzip_types *; gzip_min_length 1; alias @dir@/html/a.txt; }
        location /nothing/file { error_page 403 =204 /a.txt; return 403; }
        location /nothing/text { error_page 403 =204 /text; return 403; }
        location /nothing/stream { error_page 403 =204 /echo; return 403; }
        location /nothing/pieces { error_page 403 =204 /ended; return 403; }
        location /nothing/same { error_page 403 =304 @fallback; return 403; }
    }
'''


@pytest.mark.parametrize('query, text', [
    ('', 'other||none|[other]'), ('k=one', '1||none|[1]'), ('k=ONE', '1||none|[1]'), ('k=two', '2||none|[2]'),
    ('k=~tilde', 'literal||none|[literal]'), ('k=empty', '||none|[]'), ('k=x12', 'other|x and 12|none|[other]'),
    ('k=case', 'other|any|none|[other]'), ('k=exact', 'other|key|none|[other]'),
    ('k=inexact', 'other|regex|none|[other]'),
    ('h=example.org', 'other||exact|[other]'), ('h=EXAMPLE.org.', 'other||exact|[other]'),
    ('h=a.example.org', 'other||below|[other]'), ('h=a.b.example.org', 'other||longer|[other]'),
    ('h=dotted.org', 'other||both|[other]'), ('h=x.dotted.org', 'other||both|[other]'),
    ('h=www.any', 'other||above|[other]'), ('h=www.example.org', 'other||below|[other]')])
def test_map(shared, query, text):
    """map: keys without regard to case, regular expressions, host names, default."""
    assert shared.get('/map?' + query).text == text


@pytest.mark.parametrize('kind, status', [('file', 204), ('text', 204), ('stream', 204), ('pieces', 204), ('same', 304)])
def test_no_body(shared, kind, status):
    """RFC 9112 6.3: 204 and 304 end with their heads, whatever page error_page shows with them: what follows would be
    the next answer."""
    with shared.client() as client:
        for _ in range(2):
            body = chunked(b'x' * 30000)
            client.send(request('POST', '/nothing/' + kind, [('Transfer-Encoding', 'chunked'), ('Accept-Encoding', 'gzip')], body))
            head = client.head()
            assert head.status == status and not head.all('Transfer-Encoding') and not head.all('Content-Length')
            assert client.ask(target='/text').text == 'text'


def test_map_is_kept(shared):
    """A value is found once per request, with `volatile` each time; a map that needs itself ends."""
    assert shared.get('/twice').text == '1112'
    assert shared.get('/circle').text == '<>'


@pytest.mark.parametrize('path, status, text', [
    ('/images/x.gif', 200, 'gif\n'), ('/images/y.gif', 200, 'default\n'), ('/code/x', 410, None),
    ('/system/x', 200, 'later\n'), ('/ext/c', 200, 'c\n'), ('/ext/a.txt', 200, 'text\n'),
    ('/ext/folder', 301, None), ('/ext/folder/', 200, 'folder\n'), ('/ext/none', 200, 'fallback /none'),
    ('/args/x', 200, '/back path=/args/x'), ('/alias/index.html', 200, 'folder\n'), ('/alias/none', 200, 'text\n'),
    ('/tried', 200, 'fallback /tried'), ('/tried/in', 404, None), ('/block', 200, 'text\n')])
def test_try_files(shared, path, status, text):
    """try_files: files in order, folders with a slash, then a path, a named location or a code."""
    answer = shared.get(path)
    assert answer.status == status
    assert text is None or answer.text == text


def test_try_files_and_if(shared):
    """The settings of an `if` add to the location's: its try_files stays (nginx forgets it)."""
    answer = shared.get('/block?x=1')
    assert (answer.status, answer.get('X-In'), answer.text) == (200, 'if', 'text\n')


def test_limit_except(shared):
    """limit_except: other methods are under the settings of the block; GET allows HEAD."""
    for method, status in ('GET', 200), ('HEAD', 200), ('OPTIONS', 200), ('POST', 403), ('DELETE', 403):
        assert shared.ask(method, '/guarded').status == status, method
    assert shared.get('/limited').status == 200
    assert shared.ask('HEAD', '/limited').status == 200
    assert shared.ask('POST', '/limited', body=b'x').body == b'x'
    shared.wait_log('^POST /limited$', 'limited.log')
    assert shared.read('limited.log') == 'POST /limited\n'


@pytest.mark.parametrize('method, path, status', [
    ('GET', '/reading', 200), ('HEAD', '/reading', 200), ('POST', '/reading', 403), ('DELETE', '/reading', 403),
    ('OPTIONS', '/reading', 403), ('PUT', '/some', 200), ('POST', '/some', 200), ('GET', '/opened', 403),
    ('POST', '/opened', 200), ('GET', '/kept', 403), ('POST', '/kept', 403), ('GET', '/returned', 200),
    ('POST', '/returned', 403), ('GET', '/shown', 200), ('POST', '/shown', 405)])
def test_limit_except_access(shared, method, path, status):
    """allow and deny in limit_except are for the other methods alone; without any there, the location's hold. The
    location's rewrite directives are not inherited by the block."""
    answer = shared.ask(method, path, body=b'x' if method in ('PUT', 'POST') else None)
    assert answer.status == status
    if status == 200 and method in ('PUT', 'POST'):
        assert answer.body == b'x'


@pytest.mark.parametrize('text, sentence', [
    ('server { location / { limit_except GET { root x; } } }', '"root" directive is not allowed here'),
    ('map $uri $x { a 1; A 2; }', 'conflicting parameter "a"'),
    ('map $uri $x { default 1; default 2; }', 'duplicate default map parameter'),
    ('map $uri $x { a b c; }', 'invalid number of the map parameters'), ('map $uri x { }', 'invalid variable name "x"'),
    ('map $uri $uri { }', 'the duplicate "uri" variable'), ('map $uri $x { ~( y; }', 'pcre2_compile() failed'),
    ('server { location / { try_files /x =y; } }', 'invalid code "=y"'),
    ('server { location / { limit_except BREW { } } }', 'invalid method "BREW"')])
def test_mistakes(server, text, sentence):
    """A wrong line is named when the configuration is tested."""
    server.http(text)
    outcome = server.run('-c', 'nginx.conf', '-t')
    assert outcome.returncode != 0 and sentence in outcome.stderr
