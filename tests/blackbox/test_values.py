# SPDX-License-Identifier: BSD-2-Clause
"""Variables, each by what nginx's documentation says that it is: ngx_http_core_module, "Embedded Variables", where
nothing else is named. https://nginx.org/en/docs/varindex.html"""
import datetime
import email.utils
import re
import socket
import subprocess

import pytest

from tests.harness.instance import BINARY, OURS, WRAPPER
from tests.harness.wire import request

NAMES = '''request document_uri query_string is_args document_root request_filename content_type content_length
remote_user remote_port https hostname pid time_local time_iso8601 nginx_version cookie_b cookie_none
connections_active connections_reading connections_writing connections_waiting connection request_id'''.split()
CONFIG = '''
server {
    listen 127.0.0.1:@http@;
    server_name first.example;
    root @dir@/html;
    location / { return 200 "''' + ''.join(f'{name}=${name}\n' for name in NAMES) + '''"; }
    location /al/ { alias @dir@/other/; return 200 "document_root=$document_root\nrequest_filename=$request_filename\n"; }
}
'''
TARGET = '/a/.././v/x%20y//z?q=1&%71=2'
FIELDS = [('Content-Type', 'text/x; q="1"'), ('Cookie', 'a=1; b=two; c=3'), ('Authorization', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')]


def values(answer):
    assert answer.status == 200
    return dict(line.split('=', 1) for line in answer.text.splitlines())


@pytest.fixture(scope='module')
def found(shared):
    """Of one POST with everything in it, with what the test knows of it besides."""
    with shared.client() as client:
        port = client.socket.getsockname()[1]
        answer = client.send(request('POST', TARGET, FIELDS, b'12345')).response()
        return dict(values(answer), date=answer.get('Date'), port=port)


@pytest.fixture(scope='module')
def bare(shared):
    """Of a request that has nothing."""
    return values(shared.get('/v'))


def test_request(found):
    """"full original request line\""""
    assert found['request'] == f'POST {TARGET} HTTP/1.1'


def test_document_uri(found):
    """"same as $uri": "current URI in request, normalized\""""
    assert found['document_uri'] == '/v/x y/z'


def test_query_string(found, bare):
    """"same as $args\""""
    assert found['query_string'] == 'q=1&%71=2' and bare['query_string'] == ''


def test_is_args(found, bare):
    """""?" if a request line has arguments, or an empty string otherwise\""""
    assert found['is_args'] == '?' and bare['is_args'] == ''


def test_document_root(found, shared):
    """"root or alias directive's value for the current request\""""
    assert found['document_root'] == shared.path('html')
    assert values(shared.get('/al/x'))['document_root'].rstrip('/') == shared.path('other')


def test_request_filename(found, shared):
    """"file path for the current request, based on the root or alias directives, and the request URI\""""
    assert found['request_filename'] == shared.path('html/v/x y/z')
    assert values(shared.get('/al/x'))['request_filename'] == shared.path('other/x')


def test_content_type(found, bare):
    """""Content-Type" request header field\""""
    assert found['content_type'] == 'text/x; q="1"' and bare['content_type'] == ''


def test_content_length(found, bare):
    """""Content-Length" request header field\""""
    assert found['content_length'] == '5' and bare['content_length'] == ''


def test_remote_user(found, bare):
    """"user name supplied with the Basic authentication"; the credentials are those of RFC 7617 2"""
    assert found['remote_user'] == 'Aladdin' and bare['remote_user'] == ''


def test_remote_port(found):
    """"client port\""""
    assert found['remote_port'] == str(found['port'])


def test_https(found):
    """""on" if connection operates in SSL mode, or an empty string otherwise\""""
    assert found['https'] == ''


def test_hostname(found):
    """"host name": gethostname(2), in lower case"""
    assert found['hostname'] == socket.gethostname().lower()


def test_pid(found, shared):
    """"PID of the worker process\""""
    assert int(found['pid']) in (shared.pids() if not OURS else [shared.pid])


@pytest.mark.ours
def test_nginx_version(found):
    """Ours: what -v prints."""
    said = subprocess.run(WRAPPER + [BINARY, '-v'], capture_output=True, text=True, check=True).stdout
    assert found['nginx_version'] and re.search(rf'/{re.escape(found["nginx_version"])}$', said.strip())


def of_the_answer(moment, found):
    """The answer's Date may be a second younger."""
    late = email.utils.parsedate_to_datetime(found['date']) - moment
    return datetime.timedelta(0) <= late <= datetime.timedelta(seconds=1)


def test_time_local(found):
    """"local time in the Common Log Format\""""
    assert of_the_answer(datetime.datetime.strptime(found['time_local'], '%d/%b/%Y:%H:%M:%S %z'), found)


def test_time_iso8601(found):
    """"local time in the ISO 8601 standard format\""""
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d', found['time_iso8601'])
    assert of_the_answer(datetime.datetime.fromisoformat(found['time_iso8601']), found)


def test_cookie(found):
    """"the name cookie\""""
    assert found['cookie_b'] == 'two' and found['cookie_none'] == ''


def test_request_id(found, bare):
    """"unique request identifier generated from 16 random bytes, in hexadecimal\""""
    assert re.fullmatch('[0-9a-f]{32}', found['request_id']) and found['request_id'] != bare['request_id']


def test_connection(shared):
    """"connection serial number": the same for all requests of one, another for each."""
    with shared.client() as one, shared.client() as other:
        first, again, second = (int(values(client.ask())['connection']) for client in (one, one, other))
    assert first == again != second


def connections(server, name, idle, reading):
    """The value with so many connections that wait, and that have sent half a head. What was closed before may be counted
    for a moment."""
    clients = [server.client() for _ in range(idle + reading)]
    try:
        for client in clients[:idle]:
            client.ask(target='/v')
        for client in clients[idle:]:
            client.send(b'GET /half')
        wanted = {'active': idle + reading + 1, 'reading': reading, 'writing': 1, 'waiting': idle}[name]
        server.wait_for(lambda: values(server.get('/v'))[f'connections_{name}'] == str(wanted), f'{wanted} {name}')
    finally:
        for client in clients:
            client.socket.close()


@pytest.mark.parametrize('name', ['active', 'reading', 'writing', 'waiting'])
def test_connections(shared, name):
    """ngx_http_stub_status_module: active connections "including Waiting"; those where nginx "is reading the request
    header", "is writing the response back to the client", and "idle client connections currently waiting for a request"."""
    connections(shared, name, 3, 2)
    connections(shared, name, 1, 4)
