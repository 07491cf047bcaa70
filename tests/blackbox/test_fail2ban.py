# SPDX-License-Identifier: BSD-2-Clause
"""The error log and the access log are nginx's in form and words: fail2ban's stock filters find attacks in them, as many
as in nginx's own logs of the same attacks; and what was malformed is said, at the level that nginx gives it."""
import os
import re
import shutil
import subprocess

import pytest

from tests.harness.instance import BINARY, Server
from tests.harness.wire import request

pytestmark = pytest.mark.ours
NGINX = '/usr/sbin/nginx'
FILTERS = '/etc/fail2ban/filter.d'

CONFIG = '''limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m; access_log access.log;
server { listen 127.0.0.1:@http@; root @dir@/html; large_client_header_buffers 4 2k;
    location /slow/ { limit_req zone=slow; }
    location /closed/ { deny all; } }'''

HOST = b'Host: a.example\r\n'
# What is sent, and the line of the log that it gets behind its number. nginx: ngx_http_request.c and ngx_http_parse.c of
# 1.22; what stands behind a colon is ours.
MALFORMED = {
    'TLS': (b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'client sent invalid method: a TLS handshake on a plain port', 'line'),
    'binary': (b'\x00\x01\x02\r\n\r\n', 'client sent invalid method: the first byte is none of a method', 'line'),
    'method': (b'G@T / HTTP/1.1\r\n' + HOST + b'\r\n', 'client sent invalid method: a byte that no method has', 'line'),
    'target': (b'GET example.org HTTP/1.1\r\n' + HOST + b'\r\n', 'client sent invalid request: its target is neither a path nor an http URI',
               'line'),
    'HTTP/0.9': (b'GET /\r\n' + HOST + b'\r\n', 'client sent invalid request: a line without an HTTP version', 'line'),
    'version': (b'GET / HTTX/1.1\r\n' + HOST + b'\r\n', 'client sent invalid request: malformed HTTP version', 'line'),
    'path': (b'GET /../../etc/passwd HTTP/1.1\r\n' + HOST + b'\r\n',
             'client sent invalid request: its path leaves the root or has a bad escape', 'headers'),
    'HTTP/2': (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'client sent invalid version: HTTP/1.0 and HTTP/1.1 are spoken here', 'line'),
    'Host': (b'GET / HTTP/1.1\r\n\r\n', 'client sent HTTP/1.1 request without "Host" header', 'headers'),
    'two Hosts': (b'GET / HTTP/1.1\r\n' + HOST * 2 + b'\r\n', 'client sent duplicate header line: "Host"', 'headers'),
    'bad Host': (b'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 'client sent invalid host header', 'headers'),
    'bad authority': (b'GET http://a:x/ HTTP/1.1\r\n' + HOST + b'\r\n', 'client sent invalid host in request line', 'headers'),
    'header': (b'GET / HTTP/1.1\r\n' + HOST + b'X Y: 1\r\n\r\n', 'client sent invalid header line: a blank in its name or before the colon',
               'headers'),
    'colon': (b'GET / HTTP/1.1\r\n' + HOST + b'nothing\r\n\r\n', 'client sent invalid header line: no colon', 'headers'),
    'folding': (b'GET / HTTP/1.1\r\n' + HOST + b' more\r\n\r\n', 'client sent invalid header line: obsolete line folding', 'headers'),
    'length': (b'GET / HTTP/1.1\r\n' + HOST + b'Content-Length: x\r\n\r\n', 'client sent invalid "Content-Length" header', 'headers'),
    'two lengths': (b'GET / HTTP/1.1\r\n' + HOST + b'Content-Length: 1\r\n' * 2 + b'\r\n',
                    'client sent duplicate header line: "Content-Length"', 'headers'),
    'both': (b'GET / HTTP/1.1\r\n' + HOST + b'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
             'client sent "Content-Length" and "Transfer-Encoding" headers at the same time', 'headers'),
    'coding': (b'GET / HTTP/1.1\r\n' + HOST + b'Transfer-Encoding: odd\r\n\r\n', 'client sent unknown "Transfer-Encoding"', 'headers'),
    'old coding': (b'GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', 'client sent HTTP/1.0 request with "Transfer-Encoding" header',
                   'headers'),
    'expectation': (b'GET / HTTP/1.1\r\n' + HOST + b'Expect: luck\r\n\r\n', 'client sent unknown "Expect"', 'headers'),
}


@pytest.mark.parametrize('kind', MALFORMED)
def test_what_was_malformed(server, kind):
    """One line of level info for each: any client can cause it."""
    sent, said, reading = MALFORMED[kind]
    server.http(CONFIG)
    server.start()
    with server.client() as client:
        client.send(sent).rest()
    server.wait_log(r'\*1 ')
    lines = re.findall(r'^\S+ \S+ \[(\w+)\] \d+#\d+: \*1 (.*), client: 127\.0\.0\.1, server: [^,]*(?:, request: ".*")?(?:, host: "[^"]*")?$',
                       server.read('error.log'), re.M)
    assert lines == [('info', f'{said} while reading client request {reading}')], server.read('error.log')


def test_methods_that_are_refused(server):
    """nginx: "client sent TRACE method", "client sent CONNECT method", info."""
    server.http(CONFIG)
    server.start()
    for method, target in ('TRACE', '/'), ('CONNECT', 'a.example:80'):
        with server.client() as client:
            client.send(f'{method} {target} HTTP/1.1\r\nHost: a.example:80\r\n\r\n'.encode()).rest()
        server.wait_log(rf'\[info\] \d+#\d+: \*\d+ client sent {method} method, client: 127\.0\.0\.1')


def test_the_end_of_a_line(server):
    """nginx: client, server, request, host, referrer, and nothing behind that: what the filter nginx-http-auth looks for."""
    server.http(CONFIG)
    server.start()
    server.get('/closed/', host='a.example', fields=[('Referer', 'http://b.example/"x"')])
    server.get('/closed/', host='a.example')
    server.wait_log('forbidden by rule', count=2)
    found = re.findall(r'^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[error\] \d+#\d+: (\*\d+ access.*)$', server.read('error.log'), re.M)
    rest = 'access forbidden by rule, client: 127.0.0.1, server: , request: "GET /closed/ HTTP/1.1", host: "a.example"'
    assert found == [f'*1 {rest}, referrer: "http://b.example/\\x22x\\x22"', f'*2 {rest}']


def attack(server):
    """As scanners do. What nginx and we see differently on purpose is not among it."""
    for _ in range(5):
        server.get('/slow/')
    for path in ('/wp-login.php', '/phpmyadmin/index.php', '/pma/', '/cgi-bin/test.cgi', '/mysqladmin/x', '/roundcube/', '/index.php?wp-login.php',
                 '/harmless.html'):
        server.get(path)
        server.ask('HEAD', path)
    for kind in ('TLS', 'binary', 'method', 'version', 'path', 'Host', 'two Hosts', 'bad Host', 'length', 'two lengths', 'both'):
        with server.client() as client:
            client.send(MALFORMED[kind][0]).rest()
    with server.client() as client:
        client.send(request('GET', '/')).response()


def matched(name, path):
    """Lines of the log that the filter finds."""
    done = subprocess.run(['fail2ban-regex', '--print-all-matched', path, f'{FILTERS}/{name}.conf'], capture_output=True, text=True, check=False,
                          timeout=60)
    found = re.search(r'^Lines: \d+ lines, \d+ ignored, (\d+) matched', done.stdout, re.M)
    assert found, done.stdout + done.stderr
    return int(found.group(1)), done.stdout


def addresses(server, text=None):
    """Those that any of the stock filters finds in the error log, or in `text`."""
    found = set()
    if text is not None:
        server.write('other.log', text)
    for name in sorted(os.listdir(FILTERS)):
        if name.startswith('nginx-'):
            done = subprocess.run(['fail2ban-regex', '--out', 'ip', server.path('other.log' if text is not None else 'error.log'),
                                   f'{FILTERS}/{name}'], capture_output=True, text=True, check=False, timeout=60)
            found |= set(done.stdout.split())
    return found


@pytest.mark.skipif(not shutil.which('fail2ban-regex') or not os.path.isdir(FILTERS), reason='fail2ban is not installed')
def test_forged_address(server):
    """A client cannot have others banned: it sends what looks like the rest of a line, in the path, in the request line
    as it is, in a Referer and in a Host. The quotes that would end the text become \\x22."""
    server.http(CONFIG)
    server.start()
    rest = '" (2: No such file or directory), client: 6.6.6.6, server: x, request: "GET /pma/ HTTP/1.1", host: "x'
    path = '/pma/' + rest.replace('" (', '" failed (')
    server.get(path.replace('"', '%22').replace(' ', '%20'))
    server.get('/pma"_failed,_client:_7.7.7.7,_"')
    for name in 'Referer', 'Host':
        server.ask('GET', '/closed/', fields=[(name, 'x", client: 9.9.9.9, host: "y')], **({'host': None} if name == 'Host' else {}))
    server.wait_log('forbidden by rule')
    log = server.read('error.log')
    assert r'/pma/\x22 failed (2: No such file or directory), client: 6.6.6.6' in log
    assert r'request: "GET /pma\x22_failed,_client:_7.7.7.7,_\x22 HTTP/1.1"' in log
    assert r'referrer: "x\x22, client: 9.9.9.9, host: \x22y"' in log
    assert addresses(server) <= {'127.0.0.1'}
    assert '6.6.6.6' in addresses(server, log.replace(r'\x22', '"')), 'the attack is none'


class Nginx(Server):
    def command(self, *arguments):
        return [NGINX, '-p', self.folder + '/', '-e', 'error.log', *arguments]


# Which log; how many of the attacks it has to find if there is no nginx to ask.
EXPECTED = {'nginx-limit-req': ('error.log', 4), 'nginx-botsearch': ('error.log', 12), 'nginx-bad-request': ('access.log', 11)}


@pytest.mark.skipif(not shutil.which('fail2ban-regex') or not os.path.isdir(FILTERS), reason='fail2ban is not installed')
def test_filters(server, tmp_path):
    """Neither counts the ordinary request and the harmless one. nginx-botsearch reads the access log as well."""
    servers = [server] + ([Nginx(tmp_path / 'nginx')] if os.path.exists(NGINX) else [])
    try:
        for one in servers:
            one.http(CONFIG)
            one.start()
            attack(one)
            one.stop()
        for name, (log, count) in EXPECTED.items():
            for one in servers:
                found, said = matched(name, one.path(log))
                assert found == count, f'{one.command()[0]}: {said}\n{one.read(log)}'
        counts = [matched('nginx-botsearch', one.path('access.log'))[0] for one in servers]
        assert min(counts) == max(counts) >= 12
        # No passwords are asked for here (-t says so), so there is nothing to find, and nothing is found by mistake.
        assert matched('nginx-http-auth', server.path('error.log'))[0] == 0
        server.http('server { listen 127.0.0.1:@http@; auth_basic x; }')
        assert 'auth_basic' in subprocess.run([BINARY, '-t', '-c', server.path('nginx.conf')], capture_output=True, text=True).stderr
    finally:
        for one in servers[1:]:
            one.kill()
