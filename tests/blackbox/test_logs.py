# SPDX-License-Identifier: BSD-2-Clause
"""access_log, log_format and error_log (nginx: ngx_http_log_module, core)."""
import re
import signal

import pytest

from tests.harness.wire import request

COMBINED = re.compile(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "(?P<request>.*)" (?P<status>\d{3}) (?P<bytes>\d+) '
                      r'"(?P<referer>.*)" "(?P<agent>.*)"')


def lines(server, count, name='access.log'):
    server.wait_for(lambda: server.read(name).count('\n') >= count, f'{count} lines in {name}')
    return server.read(name).splitlines()


def test_combined(server):
    """nginx: the format combined, exactly; one line for each request, in order."""
    server.write('html/a.txt', 'x' * 77)
    server.http('access_log access.log; server { listen 127.0.0.1:@http@; root @dir@/html; }')
    server.start()
    with server.client() as client:
        client.ask('GET', '/a.txt?q=1', [('Referer', 'http://r/'), ('User-Agent', 'agent/1 (x)')])
        client.ask('GET', '/missing')
        client.ask('HEAD', '/a.txt')
        client.send(request('GET', '/a.txt') * 10)
        for _ in range(10):
            client.response()
    found = [COMBINED.fullmatch(line) for line in lines(server, 13)]
    assert all(found) and len(found) == 13
    assert found[0].groupdict() == {'request': 'GET /a.txt?q=1 HTTP/1.1', 'status': '200', 'bytes': '77',
                                    'referer': 'http://r/',
                                    'agent': 'agent/1 (x)'}
    assert found[1]['status'] == '404' and found[1]['agent'] == '-'
    assert (found[2]['request'], found[2]['bytes']) == ('HEAD /a.txt HTTP/1.1', '0')
    assert {match['bytes'] for match in found[3:]} == {'77'}


def test_escapes(server):
    """nginx: a quote, a backslash and bytes outside of printable ASCII are written as \\xXX: no client writes
    our log."""
    server.http('access_log access.log; server { listen 127.0.0.1:@http@; return 200; }')
    server.start()
    server.get('/%22"\\x', fields=[('User-Agent', 'a"b\\c\x80\xff'), ('Referer', 'tab\there')])
    line = lines(server, 1)[0]
    assert r'"GET /%22\x22\x5Cx HTTP/1.1"' in line and r'"a\x22b\x5Cc\x80\xFF"' in line and r'"tab\x09here"' in line


def test_expressions_that_give_up_are_named(server):
    """PCRE2's match limit (pcre2api(3), PCRE2_ERROR_MATCHLIMIT) is no answer to what the configuration asks: 500, and
    the line says which directive it was."""
    server.http("""log_format m $m; map $http_a $m { ~(a+)+$ 1; }
    gzip on; gzip_min_length 1; gzip_types *; gzip_disable (a+)+$;
    server { listen 127.0.0.1:@http@; server_name ~^(a+)+$; location ~ ^/l/(a+)+$ { return 200; }
        location /if { if ($http_a ~ (a+)+$) { return 200; } } location /rewrite { set $x 1; rewrite (a+)+$ /; }
        location /map { return 200 $m; } location /gzip { return 200 text; } }""")
    server.start()
    evil = 'a' * 60 + '!'
    for target, fields, status, name in (
            ('/l/' + evil, [], 500, 'location'), ('/if', [('A', evil)], 500, 'if'), ('/rewrite' + evil, [], 500, 'rewrite'),
            ('/map', [('A', evil)], 500, 'map'), ('/', [('Host', evil.replace('!', '-'))], 500, 'server_name'),
            ('/gzip', [('Accept-Encoding', 'gzip'), ('User-Agent', evil)], 200, 'gzip_disable')):
        with server.client() as client:
            head = [('Host', 'b.example')] if not any(name == 'Host' for name, _ in fields) else []
            lines_sent = ''.join(f'{key}: {value}\r\n' for key, value in head + fields)
            client.send(f'GET {target} HTTP/1.1\r\n{lines_sent}\r\n'.encode())
            assert client.response().status == status
        server.wait_log(rf'\[error\].*the regular expression "[^ ]+" of "{name}" in .*:\d+ gave up')


def test_bad_requests_are_logged(server):
    server.http('access_log access.log; server { listen 127.0.0.1:@http@; return 200; }')
    server.start()
    with server.client() as client:
        client.send(b'NONSENSE\r\n\r\n')
        assert client.rest()
    match = COMBINED.fullmatch(lines(server, 1)[0])
    assert match and match['status'] == '400'


def test_log_format(server):
    server.http('''log_format mine '$remote_addr|$request_method|$uri|$args|$status|$body_bytes_sent|$bytes_sent|$http_x_one|$host|'
                        '$server_name|$server_port|$connection_requests|$request_length|$request_time|$msec|$sent_http_content_type|$pipe|$server_protocol';
                   access_log mine.log mine; default_type text/plain;
                   server { listen 127.0.0.1:@http@; server_name named; location / { return 200 "hello"; } }''')
    server.start()
    with server.client() as client:
        client.ask('GET', '/x%20y?a=b', [('X-One', 'first')], host='named')
        answer = client.ask('GET', '/second', host='other')
        client.send(request('GET', '/p') * 2)
        client.response(), client.response()
    found = [line.split('|') for line in lines(server, 4, 'mine.log')]
    head = found[0]
    assert head[:6] == ['127.0.0.1', 'GET', '/x y', 'a=b', '200', '5']
    assert int(head[6]) > 100 and head[7:12] == ['first', 'named', 'named', str(server.port()), '1']
    assert int(head[12]) == len(request('GET', '/x%20y?a=b', [('X-One', 'first')], host='named'))
    assert re.fullmatch(r'\d+\.\d{3}', head[13]) and re.fullmatch(r'\d{10}\.\d{3}', head[14])
    assert head[15:] == ['text/plain', '.', 'HTTP/1.1']
    assert found[1][7] == '-' and found[1][11] == '2' and found[1][3] == '-' and answer.status == 200
    assert found[2][16] in 'p.' and found[3][16] == 'p'


def test_off_and_inheritance(server):
    """nginx: off; several logs at a level; a level of its own replaces those above."""
    server.http('''access_log one.log; access_log two.log;
                   server { listen 127.0.0.1:@http@;
                       location /off { access_log off; return 200; }
                       location /own { access_log own.log; return 200; }
                       location / { return 200; } }''')
    server.start()
    for target in ('/off', '/own', '/both'):
        server.get(target)
    for name, target in (('one.log', '/both'), ('two.log', '/both'), ('own.log', '/own')):
        assert [COMBINED.fullmatch(line)['request']
                for line in lines(server, 1, name)] == [f'GET {target} HTTP/1.1']


def test_a_lone_line_is_there_at_once(server):
    """Without buffer=, a line is written before the worker waits for its connection's next request."""
    server.http("log_format brief '$uri'; access_log access.log brief; server { listen 127.0.0.1:@http@; "
                "location / { return 200; } location /off { access_log off; return 200; } }")
    server.start()
    with server.client() as client:
        for n in range(50):
            client.ask('GET', f'/{n}')
            client.ask('GET', '/off')
            assert server.read('access.log').splitlines() == [f'/{i}' for i in range(n + 1)]


def test_a_burst(server):
    """Lines of many requests at once may wait for a moment, also for one that has no turn of its own any more. None
    is lost, each is whole, and each connection's are in order."""
    server.http("log_format brief '$arg_c $arg_n end'; access_log access.log brief; "
                "server { listen 127.0.0.1:@http@; return 200; }", workers=2)
    server.start()
    clients = [server.client() for _ in range(40)]
    for client in clients:
        client.ask('GET', '/?c=-1&n=0')
    for burst in range(5):
        server.kick(signal.SIGSTOP)
        for number, client in enumerate(clients):
            client.send(b''.join(request('GET', f'/?c={number}&n={burst * 5 + n}') for n in range(5)))
        server.kick(signal.SIGCONT)
        for client in clients:
            for _ in range(5):
                assert client.response().status == 200
        count = 40 + (burst + 1) * 200
        found = [re.fullmatch(r'(-?\d+) (\d+) end', line) for line in lines(server, count)]
        assert all(found) and len(found) == count
        for number in range(40):
            assert [int(line[2]) for line in found if line[1] == str(number)] == list(range((burst + 1) * 5))
    for client in clients:
        client.close()


@pytest.mark.parametrize('end', [signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP])
def test_no_line_waits_for_ever(server, end):
    """A graceful end, a fast one and a reload lose no line of what has been answered."""
    server.http("log_format brief '$uri'; access_log access.log brief; server { listen 127.0.0.1:@http@; return 200; }")
    server.start()
    with server.client() as client:
        client.send(request('GET', '/a') * 200)
        for _ in range(200):
            assert client.response().status == 200
        if end == signal.SIGHUP:
            server.kick(end)
    if end != signal.SIGHUP:
        server.stop(end)
    assert len(lines(server, 200)) == 200


def test_buffer(server):
    """nginx: buffer= holds lines back; flush= lets them go; a graceful end loses none."""
    server.http('''log_format brief '$uri';
                   server { listen 127.0.0.1:@http@; access_log held.log brief buffer=64k; return 200; }
                   server { listen 127.0.0.1:@flushed@; access_log flushed.log brief buffer=64k flush=200ms; return 200; }''')
    server.start()
    for n in range(20):
        server.get(f'/{n}')
        server.get(f'/{n}', port='flushed')
    assert lines(server, 20, 'flushed.log') == [f'/{n}' for n in range(20)]
    assert server.read('held.log') == ''
    server.stop(signal.SIGQUIT)
    assert server.read('held.log').splitlines() == [f'/{n}' for n in range(20)]


def test_buffer_overflows_in_order(server):
    server.http("log_format brief '$uri'; access_log held.log brief buffer=1k; server { listen 127.0.0.1:@http@; return 200; }")
    server.start()
    with server.client() as client:
        for n in range(500):
            client.ask('GET', f'/line/{n}')
    server.stop(signal.SIGQUIT)
    assert server.read('held.log').splitlines() == [f'/line/{n}' for n in range(500)]


def test_long_line(server):
    """A line longer than the buffer is written whole."""
    server.http('access_log long.log combined buffer=1k; large_client_header_buffers 4 16k; server { listen 127.0.0.1:@http@; return 200; }')
    server.start()
    server.get('/' + 'u' * 9000)
    server.stop(signal.SIGQUIT)
    assert len(server.read('long.log').splitlines()) == 1 and 'u' * 9000 in server.read('long.log')


@pytest.mark.parametrize('level, present', [('error', True), ('crit', False), ('info', True)])
def test_error_log_levels(server, level, present):
    """nginx: a missing file is logged at error, below which nothing shows."""
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }', error_log=f'error.log {level}')
    server.start()
    assert server.get('/absent').status == 404
    server.stop()
    found = re.search(r'\[error\] .*open\(\) ".*/html/absent" failed.*', server.read('error.log'))
    assert bool(found) == present
    if present:
        for part in ('(2: No such file or directory)', ', client: 127.0.0.1, ', ', server: ', ', request: "GET /absent HTTP/1.1"',
                     ', host: "localhost"'):
            assert part in found.group()


def test_error_log_line(server):
    """nginx: date, level in brackets, pid#tid, *connection."""
    server.http('server { listen 127.0.0.1:@http@; root @dir@/html; }')
    server.start()
    server.get('/absent')
    server.wait_log(r'^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: \*\d+ open\(\)')


def test_client_errors_are_info(server):
    """What a client does wrong is no error of ours."""
    server.http('server { listen 127.0.0.1:@http@; return 200; }')
    server.start()
    with server.client() as client:
        client.send(b'BAD\r\n\r\n')
        client.rest()
    client = server.client()
    client.send(b'GET / HT')
    client.settle()
    client.reset()
    server.wait_log(r'\[info\] .*client')
    assert '[error]' not in server.read('error.log') and '[crit]' not in server.read('error.log')
