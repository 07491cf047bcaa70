# SPDX-License-Identifier: BSD-2-Clause
"""Which server and which location answer (nginx: server_name, location, return), and what return says."""
import re

import pytest

FILES = {'index.html': 'index\n', 'sub/index.html': 'sub\n'}
CONFIG = '''
    default_type text/plain;
    server { listen 127.0.0.1:@http@; server_name first; return 200 "first"; }
    server { listen 127.0.0.1:@http@ default_server; server_name _; return 200 "default"; }
    server { listen 127.0.0.1:@http@; server_name example.org www.example.org; return 200 "exact"; }
    server { listen 127.0.0.1:@http@; server_name *.example.org; return 200 "leading"; }
    server { listen 127.0.0.1:@http@; server_name *.sub.example.org; return 200 "longer leading"; }
    server { listen 127.0.0.1:@http@; server_name mail.*; return 200 "trailing"; }
    server { listen 127.0.0.1:@http@; server_name .dotted.net; return 200 "dotted"; }
    server { listen 127.0.0.1:@http@; server_name ~^re\\d+\\.test$; return 200 "regex"; }
    server { listen 127.0.0.1:@http@; server_name "~^(?<who>[a-z]{2,5})\\.named$"; return 200 "hello $who"; }
    server { listen 127.0.0.1:@http@; server_name ~^re; return 200 "later regex"; }
    server { listen 127.0.0.1:@other@; server_name example.org; return 200 "other port"; }

    server {
        listen 127.0.0.1:@loc@;
        root @dir@/html;
        location = /exact { return 200 "exact"; }
        location /exact { return 200 "prefix of exact"; }
        location /pre { return 200 "pre"; }
        location /prefix { return 200 "prefix"; }
        location ^~ /static/ { return 200 "no regex"; }
        location ~ \\.txt$ { return 200 "regex txt"; }
        location ~* \\.GIF$ { return 200 "regex gif"; }
        location ~ \\.(txt|md)$ { return 200 "second regex"; }
        location ~ ^/user/(\\w+)/(\\d+)$ { return 200 "user $1 number $2"; }
        location ~ ^/named/(?<name>\\w+)$ { return 200 "named $name"; }
        location /outer/ {
            location /outer/inner/ { return 200 "inner"; }
            location ~ \\.md$ { return 200 "nested regex"; }
            return 200 "outer";
        }
        location "/with space" { return 200 "space"; }
        location = / { return 200 "root"; }
        location / { return 200 "else"; }
    }

    server {
        listen 127.0.0.1:@ret@;
        location = /code { return 404; }
        location = /text { return 200 "some text\\n"; }
        location = /created { return 201 "made"; }
        location = /moved { return 301 https://example.org/x; }
        location = /found { return 302 /relative; }
        location = /url { return http://example.org/direct; }
        location = /other { return 303 /see; }
        location = /temp { return 307 /t; }
        location = /perm { return 308 /p; }
        location = /vars { return 200 "$request_method $uri $args $host $server_port $scheme $server_protocol $http_x_probe $arg_a"; }
        location = /unknown-status { return 599 "odd"; }
        location = /empty { return 200; }
        location = /emptytext { return 200 ""; }
        location = /html { default_type text/html; return 200 "<p>"; }
        location = /unavailable { return 503; }
        location = /drop { return 444; }
        location = /teapot { return 418; }
    }
'''


@pytest.mark.parametrize('host, text', [
    ('example.org', 'exact'), ('EXAMPLE.Org', 'exact'), ('example.org:8080', 'exact'),
    ('example.org.', 'exact'), ('www.example.org', 'exact'),
    ('a.example.org', 'leading'), ('a.b.example.org', 'leading'), ('x.sub.example.org', 'longer leading'),
    ('mail.anything.at.all', 'trailing'),
    ('dotted.net', 'dotted'), ('any.dotted.net', 'dotted'), ('re42.test', 'regex'),
    ('re.test', 'later regex'), ('bob.named', 'hello bob'),
    ('nobody', 'default'), ('first', 'first'), ('127.0.0.1', 'default'), ('[::1]', 'default'),
    ('xexample.org', 'default')])
def test_server_names(shared, host, text):
    """nginx: exact, then the longest leading wildcard, then trailing, then the first regex, then the default
    server."""
    assert shared.get('/', host=host).text == text


def test_server_by_port(shared):
    assert shared.get('/', host='example.org', port='other').text == 'other port'
    assert shared.get('/', host='nobody', port='other').text == 'other port'


def test_server_for_http_1_0(shared):
    """No Host: the default server, whatever the order."""
    assert shared.get('/', host=None, version='1.0').text == 'default'


@pytest.mark.parametrize('target, text', [
    ('/exact', 'exact'), ('/exact?x', 'exact'), ('/exact/', 'prefix of exact'),
    ('/exactly', 'prefix of exact'), ('/pre', 'pre'), ('/prefi', 'pre'),
    ('/prefix', 'prefix'), ('/prefixes', 'prefix'), ('/static/a.txt', 'no regex'),
    ('/pre/a.txt', 'regex txt'), ('/a.md', 'second regex'),
    ('/pic.gif', 'regex gif'), ('/pic.GiF', 'regex gif'), ('/a.TXT', 'else'),
    ('/user/ann/7', 'user ann number 7'), ('/user/ann/x', 'else'),
    ('/named/zoe', 'named zoe'), ('/outer/', 'outer'), ('/outer/inner/x', 'inner'),
    ('/outer/x.md', 'nested regex'), ('/with%20space', 'space'),
    ('/', 'root'), ('/else', 'else'), ('/static/../a.txt', 'regex txt'), ('/%65xact', 'exact'),
    ('//exact', 'exact')])
def test_locations(shared, target, text):
    """nginx: = first, then the longest prefix; ^~ ends the search; then regexes in their order; nested ones
    likewise."""
    assert shared.get(target, port='loc').text == text


@pytest.mark.parametrize('target, status, text', [
    ('/text', 200, 'some text\n'), ('/created', 201, 'made'), ('/empty', 200, ''), ('/emptytext', 200, ''),
    ('/unknown-status', 599, 'odd')])
def test_return_text(shared, target, status, text):
    answer = shared.get(target, port='ret')
    assert (answer.status, answer.text) == (status, text)


@pytest.mark.parametrize('target, status, location', [
    ('/moved', 301, 'https://example.org/x'), ('/found', 302, '/relative'),
    ('/url', 302, 'http://example.org/direct'), ('/other', 303, '/see'),
    ('/temp', 307, '/t'), ('/perm', 308, '/p')])
def test_return_redirect(shared, target, status, location):
    """nginx: absolute_redirect is on by default: a path becomes a whole URL with the host that was asked."""
    answer = shared.get(target, port='ret', host='asked.example')
    assert answer.status == status
    value = answer.get('Location')
    if location.startswith('/'):
        assert re.fullmatch(r'http://asked\.example(:\d+)?' + location, value)
    else:
        assert value == location


@pytest.mark.parametrize('target, status, reason', [
    ('/code', 404, 'Not Found'), ('/unavailable', 503, 'Service Temporarily Unavailable')])
def test_return_code(shared, target, status, reason):
    """nginx: a code alone is answered with the built-in page."""
    answer = shared.get(target, port='ret')
    assert (answer.status, answer.reason) == (status, reason)
    assert answer.get('Content-Type') == 'text/html' and f'{status} {reason}' in answer.text


def test_return_type(shared):
    assert shared.get('/html', port='ret').get('Content-Type') == 'text/html'


def test_return_444(shared):
    """nginx: 444 closes without an answer."""
    with shared.client('ret') as client:
        client.send(b'GET /drop HTTP/1.1\r\nHost: a\r\n\r\n').expect_close()


def test_variables(shared):
    answer = shared.get('/vars?a=1&b=2', port='ret', host='Asked.Example:99', fields=[('X-Probe', 'p q')])
    assert answer.text == f'GET /vars a=1&b=2 asked.example {shared.port("ret")} http HTTP/1.1 p q 1'


def test_same_connection_many_servers(shared):
    """The Host of each request counts, not that of the first on the connection."""
    with shared.client() as client:
        for host, text in (('example.org', 'exact'), ('nobody', 'default'), ('re1.test', 'regex'),
                           ('example.org', 'exact')):
            assert client.ask('GET', '/', host=host).text == text


def test_the_same_host_again(shared):
    """A Host that is the last one over again means what it means alone, and does not hide a wrong one: RFC 9112 3.2."""
    with shared.client('ret') as client:
        for host in ('Asked.Example:99', 'asked.example', 'asked.example.', 'asked.example:7'):
            for _ in range(2):
                assert client.ask('GET', '/vars', host=host).text.split()[2] == 'asked.example'
        for fields in ([('Host', 'asked.example:7'), ('Host', 'asked.example:7')], [('Host', 'asked.example:70000')], []):
            with shared.client('ret') as other:
                assert other.ask('GET', '/vars', host='asked.example:7').status == 200
                other.send(b'GET /vars HTTP/1.1\r\n' + b''.join(f'{name}: {value}\r\n'.encode() for name, value in fields) + b'\r\n')
                assert other.response().status == 400, fields
