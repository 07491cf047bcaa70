# SPDX-License-Identifier: BSD-2-Clause
"""nginx's ngx_http_rewrite_module (rewrite, set, if, break, return) and the core's error_page, named locations, internal,
absolute_redirect, port_in_redirect, server_name_in_redirect, max_headers, underscores_in_headers, server_tokens, keepalive_time,
keepalive_disable, log_not_found: expectations from their documentation on nginx.org."""
import time

import pytest

from tests.harness.wire import request

FILES = {'a.txt': 'text\n', 'errors/404.html': 'lost: nothing here\n', 'b/index.html': 'b\n', 'dir/x': ''}
CONFIG = '''
    default_type text/plain;
    server {
        listen 127.0.0.1:@http@;
        root @dir@/html;
        set $first "set before";
        rewrite ^/early/(.*)$ /show/$1 last;
        if ($arg_gone) { return 410; }

        location /show { return 200 "$uri|$args|$first"; }
        location /last/ { rewrite ^/last/(.*)$ /show/$1 last; return 200 "not reached"; }
        location /none/ { rewrite ^/none/(.*)$ /show/$1; rewrite ^/show/x$ /show/y; }
        location /break/ { rewrite ^/break/(.*)$ /$1 break; }
        location /nomatch/ { rewrite ^/other$ /show/ last; return 200 "nothing matched"; }
        location /args/ { rewrite ^/args/(\\w+)$ /show/?new=$1 last; }
        location /noargs/ { rewrite ^/noargs/(\\w+)$ /show/?new=$1? last; }
        location /dropped/ { rewrite ^/dropped/(\\w+)$ /show/$1? last; }
        location /redirect { rewrite ^/redirect(.*)$ /to$1 redirect; }
        location /permanent { rewrite ^/permanent(.*)$ /to$1 permanent; }
        location /absolute { rewrite ^/absolute(.*)$ https://example.org$1; }
        location /scheme { rewrite ^ $scheme://example.org/x? permanent; }
        location /named/ { rewrite ^/named/(?<what>.*)$ /show/; set $copy $what; rewrite ^ /kept/$copy; }
        location /kept/ { return 200 "$uri"; }
        location /cycle { rewrite ^ /cycle2; }
        location /doubles/ { rewrite ^/doubles/(.*)$ /doubles/$1$1$1$1 last; }
        location /args { rewrite ^ /args?$args$args$args$args? last; }
        location /sets { set $long $arg_a$arg_a$arg_a$arg_a$arg_a$arg_a$arg_a$arg_a; set $long $long$long$long$long$long;
                         return 200 $long; }
        location /cycle2 { rewrite ^ /cycle; }
        location /empty { rewrite ^/empty$ "" last; }
        location /set { set $a 1; set $b "$a-2"; set $a 3; return 200 "$a $b $never"; }
        location /never { set $never x; }
        location /setargs { set $args "n=1"; rewrite ^ /show/ last; }
        location /stop { set $s before; break; set $s after; return 200 "after"; }

        location /if {
            set $out none;
            if ($arg_true) { set $out true; }
            if ($arg_eq = "x") { set $out equal; }
            if ($arg_ne != x) { set $ne unequal; }
            if ($arg_re ~ ^n(\\d+)$) { set $out "number $1"; }
            if ($arg_re ~* ^WORD-(?<tail>.*)$) { set $out "word $tail"; }
            if ($arg_not !~ a) { set $nota nota; }
            if (-f @dir@/html/$arg_file) { set $out file; }
            if (-d @dir@/html/d$arg_dir) { set $out folder; }
            if (!-e @dir@/html/errors$arg_lack) { set $out lack; }
            if ($request_method = POST) { return 405; }
            return 200 "$out $ne $nota";
        }
        location /settings {
            add_header X-In location;
            if ($arg_in) { add_header X-In block; error_page 404 /errors/404.html; }
            try_nothing_here.txt;
        }
        location /ifbreak { if ($arg_b) { break; } return 200 "did not break"; }

        location /page { error_page 404 /errors/404.html; }
        location /page200 { error_page 404 =200 /errors/404.html; }
        location /page_own { error_page 404 = /show?from=page; }
        location /page_named { error_page 404 = @named; }
        location /page_named_status { error_page 404 @named; }
        location /page_url { error_page 404 https://example.org/sorry; }
        location /page_301 { error_page 404 =301 https://example.org/moved; }
        location /page_lost { error_page 404 /nowhere.html; error_page 403 /errors/404.html; }
        location /page_text { error_page 403 404 405 /errors/404.html; return 403; }
        location /page_method { error_page 405 /errors/404.html; }
        location /page_range { error_page 404 /a.txt; }
        location @named { return 200 "named $uri $request_method"; }
        location /nonamed { error_page 404 @missing; }
        location /secret/ { internal; return 200 "secret"; }
        location /door { rewrite ^ /secret/x last; }
        location /quiet { log_not_found off; }
        location /loud { }
    }
    server {
        listen 127.0.0.1:@names@;
        server_name first.example second.example;
        max_headers 5;
        server_tokens off;
        root @dir@/html;
        location /relative { absolute_redirect off; rewrite ^ /to redirect; }
        location /noport { port_in_redirect off; return 302 /to; }
        location /name { server_name_in_redirect on; return 302 /to; }
        location /b { absolute_redirect off; }
        location /under { return 200 "[$http_x_y]"; }
        location /port { return 200 "$is_request_port$request_port"; }
        location /time { keepalive_time 200ms; return 200 "$connection_time"; }
        location /safari { keepalive_disable safari; return 200 ok; }
        location / { return 200 ok; }
    }
    server {
        listen 127.0.0.1:@under@;
        underscores_in_headers on;
        ignore_invalid_headers on;
        return 200 "[$http_x_y]";
    }
'''
CONFIG = CONFIG.replace('            try_nothing_here.txt;\n', '')


@pytest.mark.parametrize('path, text', [
    ('/early/x?q=1', '/show/x|q=1|set before'), ('/last/x?q=1', '/show/x|q=1|set before'),
    ('/none/x', '/show/y||set before'), ('/none/z', '/show/z||set before'),
    ('/break/a.txt', 'text\n'), ('/nomatch/x', 'nothing matched'),
    ('/args/x?q=1', '/show/|new=x&q=1|set before'), ('/noargs/x?q=1', '/show/|new=x|set before'),
    ('/args/x', '/show/|new=x|set before'), ('/dropped/x?q=1', '/show/x||set before'),
    ('/named/thing', '/kept/thing'), ('/set', '3 1-2 '), ('/setargs?old=1', '/show/|n=1|set before')])
def test_rewrite(shared, path, text):
    """rewrite, set: ngx_http_rewrite_module; previous arguments are appended unless the replacement ends in ?."""
    answer = shared.get(path)
    assert (answer.status, answer.text) == (200, text)


@pytest.mark.parametrize('path, status, location', [
    ('/redirect/x?q=1', 302, 'http://host.test:{port}/to/x?q=1'),
    ('/permanent/x', 301, 'http://host.test:{port}/to/x'),
    ('/absolute/x?q=1', 302, 'https://example.org/x?q=1'),
    ('/scheme?q=1', 301, 'http://example.org/x'),
    ('/redirect/a%20b', 302, 'http://host.test:{port}/to/a%20b')])
def test_redirects(shared, path, status, location):
    """redirect 302, permanent 301; a replacement with a scheme ends the directives with a redirect."""
    answer = shared.get(path, host='host.test')
    assert (answer.status, answer.get('Location')) == (status, location.format(port=shared.port('http')))


def test_texts_that_multiply(shared):
    """64 KiB of a rewritten URI or a value of `set` are enough (docs/differences.md): with ten rounds of rewriting they
    would be gigabytes."""
    assert shared.get('/doubles/' + 'a' * 1000).status == 500
    shared.wait_log('the rewritten URI is longer than 64 KiB')
    assert shared.get('/args?' + 'b' * 1000).status == 500
    shared.wait_log('the rewritten URI is longer than 64 KiB', count=2)
    assert shared.get('/sets?a=' + 'c' * 1000).body == b'c' * 40000
    assert shared.get('/sets?a=' + 'c' * 1700).status == 500
    shared.wait_log('the value of "set" is longer than 64 KiB')


def test_rewrite_ends(shared):
    """A cycle of more than 10 rewrites is 500; so is an empty path. Server's directives run before all."""
    assert shared.get('/cycle').status == 500
    assert shared.get('/empty').status == 500
    assert shared.get('/a.txt?gone=1').status == 410
    assert shared.get('/stop').status == 404


@pytest.mark.parametrize('query, text', [
    ('', 'none unequal nota'), ('true=1', 'true unequal nota'), ('true=0', 'none unequal nota'),
    ('eq=x', 'equal unequal nota'), ('eq=X', 'none unequal nota'), ('ne=x', 'none  nota'),
    ('re=n12', 'number 12 unequal nota'), ('re=n', 'none unequal nota'), ('re=word-END', 'word END unequal nota'),
    ('not=cat', 'none unequal '), ('file=a.txt', 'file unequal nota'), ('file=b', 'none unequal nota'),
    ('dir=ir', 'folder unequal nota'), ('dir=x', 'none unequal nota'), ('lack=zzz', 'lack unequal nota')])
def test_if(shared, query, text):
    """if: what is true of a variable, a comparison, a regular expression, a file."""
    assert shared.get('/if?' + query).text == text


def test_if_settings(shared):
    """A block of `if` has settings of its own; return in it answers."""
    assert shared.ask('POST', '/if').status == 405
    assert shared.get('/settings/x').status == 404
    answer = shared.get('/settings/x?in=1')
    assert answer.status == 404 and answer.text == 'lost: nothing here\n'
    assert shared.get('/ifbreak').text == 'did not break'
    assert shared.get('/ifbreak?b=1').status == 404


@pytest.mark.parametrize('path, status, text', [
    ('/page/x', 404, 'lost: nothing here\n'), ('/page200/x', 200, 'lost: nothing here\n'),
    ('/page_own/x', 200, '/show|from=page|set before'), ('/page_named/x', 200, 'named /page_named/x GET'),
    ('/page_named_status/x', 404, 'named /page_named_status/x GET'), ('/page_text', 403, 'lost: nothing here\n')])
def test_error_page(shared, path, status, text):
    """error_page: a path or a named location, with the status kept, replaced, or left to the page."""
    answer = shared.get(path)
    assert (answer.status, answer.text) == (status, text)
    again = shared.get(path)
    assert (again.status, again.text) == (status, text)


def test_error_page_elsewhere(shared):
    """error_page with a URL: 302, or the redirect that is asked for; a page that is missing is the status' own."""
    answer = shared.get('/page_url/x')
    assert (answer.status, answer.get('Location')) == (302, 'https://example.org/sorry')
    answer = shared.get('/page_301/x')
    assert (answer.status, answer.get('Location')) == (301, 'https://example.org/moved')
    assert '404 Not Found' in shared.get('/page_lost/x').text
    assert shared.get('/nonamed/x').status == 500
    answer = shared.ask('PUT', '/page_method/x')
    assert answer.status == 405 and answer.text == 'lost: nothing here\n' and 'GET' in answer.get('Allow')
    answer = shared.get('/page_range/x', fields=[('Range', 'bytes=0-1')])
    assert answer.status == 404 and answer.text == 'text\n'


def test_internal(shared):
    """internal: a client gets 404, an internal redirect by rewrite gets in."""
    assert shared.get('/secret/x').status == 404
    assert shared.get('/door').text == 'secret'


def test_log_not_found(shared):
    """log_not_found off keeps files that are not there out of the error log."""
    shared.get('/quiet/thing')
    shared.get('/loud/thing')
    log = shared.read('error.log')
    assert '/loud/thing' in log and '/quiet/thing' not in log


def test_where_redirects_lead(shared):
    """absolute_redirect, port_in_redirect, server_name_in_redirect."""
    port = shared.port('names')

    def location(path):
        return shared.get(path, host='asked.test', port='names').get('Location')

    assert location('/relative') == '/to'
    assert location('/b') == '/b/'
    assert location('/noport') == 'http://asked.test/to'
    assert location('/name') == f'http://first.example:{port}/to'


def test_heads(shared):
    """max_headers, underscores_in_headers, $request_port, server_tokens."""
    def lines(count):
        return [(f'X-{i}', 'y') for i in range(count)]

    plain = shared.get('/', port='names')
    assert plain.get('Server') == 'tidepool'
    count = request(fields=[('Connection', 'close')]).count(b'\r\n') - 2  # lines that the tests' client sends by itself
    assert shared.get('/', port='names', fields=lines(5 - count)).status == 200
    refused = shared.get('/', port='names', fields=lines(6 - count))
    assert refused.status == 400 and '>tidepool<' in refused.text
    assert shared.get('/under', port='names', fields=[('X_Y', 'hidden')]).text == '[]'
    assert shared.get('/under', port='names', fields=[('X-Y', 'seen')]).text == '[seen]'
    assert shared.get('/', port='under', fields=[('X_Y', 'seen')]).text == '[seen]'
    assert shared.get('/port', port='names', host='h:81').text == ':81'
    assert shared.get('/port', port='names', host='h').text == ''


def test_keepalive(shared):
    """keepalive_time, keepalive_disable."""
    agent = ('User-Agent', 'Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit/1 (KHTML, like Gecko) Safari/1')
    old = ('User-Agent', 'Mozilla/4.0 (compatible; MSIE 5.5; Windows 98)')
    for path, method, fields, connection in (('/', 'GET', agent, 'keep-alive'), ('/safari', 'GET', agent, 'close'),
                                             ('/', 'GET', old, 'keep-alive'), ('/', 'POST', old, 'close')):
        with shared.client('names') as client:
            client.send(request(method, path, [fields], body=b'' if method == 'POST' else None))
            assert client.response(method).get('Connection') == connection
    with shared.client('names') as client:
        client.send(request('GET', '/time'))
        assert client.response().get('Connection') == 'keep-alive'
        time.sleep(0.3)
        client.send(request('GET', '/time'))
        last = client.response()
        assert last.get('Connection') == 'close' and float(last.text) >= 0.2


@pytest.mark.parametrize('text, sentence', [
    ('rewrite ( /x;', 'pcre2_compile() failed'), ('rewrite ^ /x sideways;', 'invalid parameter "sideways"'),
    ('set x 1;', 'invalid variable name "x"'), ('set $uri 1;', 'the duplicate "uri" variable'),
    ('return 200 $nowhere;', 'unknown "nowhere" variable'), ('if $x { }', 'invalid condition "$x"'),
    ('if ($uri ? x) { }', 'unexpected "?" in condition'), ('if ($uri = x) { location /x { } }', 'not allowed here'),
    ('error_page 200 /x;', 'value "200" must be between 300 and 599'), ('error_page 404 =x /y;', 'invalid value "=x"'),
    ('location /a { location @b { } }', 'named location "@b" can be on the server level only')])
def test_mistakes(server, text, sentence):
    """A wrong line is named when the configuration is tested."""
    server.http('server { listen 127.0.0.1:@http@; ' + text + ' }')
    outcome = server.run('-c', 'nginx.conf', '-t')
    assert outcome.returncode != 0 and sentence in outcome.stderr


def test_debug(server):
    """error_log at level debug says which location takes a request; nothing else does."""
    server.http('''server { listen 127.0.0.1:@http@;
        location /said { error_log said.log debug; return 204; }
        location /quiet { error_log quiet.log info; return 204; } }''')
    server.start()
    assert server.get('/said/x').status == server.get('/quiet/x').status == 204
    server.wait_log(r'\[debug\].*location "/said" takes "/said/x"', 'said.log')
    assert server.read('quiet.log') == ''
