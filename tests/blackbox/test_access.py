# SPDX-License-Identifier: BSD-2-Clause
"""allow and deny (nginx: ngx_http_access_module, ngx_stream_access_module)."""
import socket

import pytest

from tests.harness.wire import Client, request

TEXT = 'return 200 "text";'


def serve(server, body):
    server.write('html/page', b'text')
    server.http('server { listen 127.0.0.1:@http@; listen unix:@dir@/socket; root @dir@/html; ' + body + ' }')
    return server.start()


@pytest.mark.parametrize('rules, status', [
    ('allow all;', 200), ('deny all;', 403), ('deny 127.0.0.1;', 403), ('deny 127.0.0.2;', 200),
    ('allow 127.0.0.1; deny all;', 200), ('deny all; allow 127.0.0.1;', 403),
    ('allow 127.0.0.0/8; deny all;', 200), ('allow 126.0.0.0/8; deny all;', 403),
    ('deny 127.0.0.0/31;', 403), ('deny 127.0.0.2/31;', 200), ('deny 0.0.0.0/0;', 403),
    ('deny ::1; deny ::/0; deny unix:;', 200), ('allow unix:; deny all;', 403), ('', 200),
])
def test_rules(server, rules, status):
    serve(server, f'location / {{ {rules} }}')
    assert server.get('/page').status == status
    if status == 403:
        server.wait_log('access forbidden by rule.*client: 127.0.0.1')


def test_unix(server):
    serve(server, 'location / { allow unix:; deny all; } location /not { deny unix:; }')
    with Client(server.path('socket')) as client:
        assert client.ask('GET', '/page').status == 200
        assert client.ask('GET', '/not').status == 403


def test_inheritance(server):
    """A level with a rule of either name inherits none; one without inherits all."""
    serve(server, 'deny all; location / { } location /open/ { allow 127.0.0.1; } '
                  'location /half/ { deny 10.0.0.1; location /half/inner/ { deny all; } }')
    for target, status in (('/page', 403), ('/open/x', 404), ('/half/x', 404), ('/half/inner/x', 403)):
        assert server.get(target).status == status, target


@pytest.mark.parametrize('rule, error', [
    ('allow;', 'invalid number of arguments in "allow" directive'),
    ('deny somebody;', 'invalid parameter "somebody"'),
    ('deny 1.2.3.4/33;', 'invalid parameter "1.2.3.4/33"'),
    ('deny ::/129;', 'invalid parameter "::/129"'),
    ('deny 1.2.3/8;', 'invalid parameter "1.2.3/8"'),
    ('deny 1.2.3.4/;', 'invalid parameter "1.2.3.4/"'),
])
@pytest.mark.ours
def test_mistakes(server, rule, error):
    server.http('server { listen 127.0.0.1:@http@; ' + rule + ' }')
    result = server.run('-t', '-c', 'nginx.conf')
    assert result.returncode == 1 and error in result.stderr


def test_low_bits_are_warned_of(server):
    serve(server, 'deny 127.0.0.1/24; deny fe80::1/64;')
    assert server.get('/page').status == 403
    server.wait_log(r'\[warn\].*low address bits of 127.0.0.1/24 are meaningless')


@pytest.mark.ours
def test_stream(server):
    server.configure('stream { deny 127.0.0.1; server { listen 127.0.0.1:@closed@; echo; } '
                     'server { listen 127.0.0.1:@open@; echo; allow 127.0.0.0/8; deny all; } }')
    server.start()
    with socket.create_connection(server.address('open')) as one:
        one.sendall(b'tide')
        assert one.recv(100) == b'tide'
    with socket.create_connection(server.address('closed')) as one:
        one.settimeout(10)
        assert one.recv(100) == b''
    server.wait_log('access forbidden by rule')
