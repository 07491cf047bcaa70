# SPDX-License-Identifier: BSD-2-Clause
"""Directives, each by what nginx's documentation says that it does, where no other file has a test of it:
https://nginx.org/en/docs/dirindex.html"""
import os
import re
import select

import pytest

from tests.harness.wire import Client, request


def site(server, http='', inside='', **options):
    server.http(f'{http} server {{ listen 127.0.0.1:@http@; root @dir@/html; {inside} }}', **options)


# error_page: "Enables or disables doing several redirects using the error_page directive." Default: off.

@pytest.mark.parametrize('directive, ends', [('', False), ('recursive_error_pages on;', True)])
def test_recursive_error_pages(server, directive, ends):
    site(server, directive, '''location / { error_page 404 /first; }
        location /first { error_page 403 /second; return 403; } location /second { return 200 "the end"; }''')
    server.start()
    assert (server.get('/missing').text == 'the end') is ends


def test_rewrite_log(server):
    """"logging of ngx_http_rewrite_module module directives processing results into the error_log at the notice level\""""
    site(server, inside='''rewrite_log on; location /quiet { rewrite_log off; rewrite ^/quiet(.*)$ /nothing break; return 200; }
        location / { rewrite ^/from(.*)$ /to$1 break; return 200; }''', error_log='error.log notice')
    server.start()
    server.get('/quiet')
    server.get('/from/here')
    server.wait_log(r'\[notice\].*rewritten.*"/to')
    assert not re.search(r'\[notice\].*/quiet', server.read('error.log'))


# limit_conn: "Sets the desired logging level for cases when the server limits the number of connections", default error;
# "Sets the status code to return in response to rejected requests", default 503; "Enables the dry run mode. In this mode,
# the number of connections is not limited, however, in the shared memory zone, the number of excessive connections is
# accounted as usual."

@pytest.mark.parametrize('directive, level, status', [
    ('', 'error', 503), ('limit_conn_log_level info;', 'info', 503), ('limit_conn_log_level warn;', 'warn', 503),
    ('limit_conn_status 429;', 'error', 429), ('limit_conn_dry_run on;', 'error', 200)])
def test_limit_conn(server, directive, level, status):
    server.write('html/big.bin', b'b' * (24 << 20))
    site(server, 'limit_conn_zone $binary_remote_addr zone=addr:1m;', f'limit_conn addr 1; {directive}')
    server.start()
    with server.client() as holder:
        holder.send(request('GET', '/big.bin')).fill()
        assert server.ask('HEAD', '/big.bin').status == status
    server.wait_log(rf'\[{level}\].*limiting connections.* by zone "addr"')


@pytest.mark.parametrize('local, hour', [('autoindex_localtime on;', 15), ('', 12)])
def test_autoindex_localtime(server, local, hour):
    """"Specifies whether times in the directory listing should be output in the local time zone or UTC"; POSIX TZ: three hours
    east of Greenwich is -3. 2001-02-03 12:00:00 UTC."""
    os.utime(server.write('html/list/file', 'x'), (981201600, 981201600))
    site(server, inside=f'location /list/ {{ autoindex on; {local} }}')
    server.start(env={'TZ': 'EST-3'})
    assert f'03-Feb-2001 {hour}:00 ' in server.get('/list/').text


def replace(server, name, content):
    """As rsync and editors do it: a new file takes the name."""
    os.rename(server.write(f'{name}.new', content), server.path(name))


# open_file_cache: keeps "open file descriptors, their sizes and modification times"; open_file_cache_min_uses: "the minimum
# number of file accesses during the period configured by the inactive parameter [...] required for a file descriptor to
# remain open in the cache", default 1; open_file_cache_errors: "caching of file lookup errors", default off.

@pytest.mark.parametrize('directives, then', [
    ('', 'second'), ('open_file_cache max=9; open_file_cache_valid 1h;', 'one'),
    ('open_file_cache max=9; open_file_cache_valid 1h; open_file_cache_min_uses 2;', 'second')])
def test_open_file_cache(server, directives, then):
    server.write('html/file', 'one')
    site(server, inside=directives)
    server.start()
    assert server.get('/file').text == 'one'
    replace(server, 'html/file', 'second')
    assert server.get('/file').text == then


@pytest.mark.parametrize('directive, status', [('', 200), ('open_file_cache_errors on;', 404)])
def test_open_file_cache_errors(server, directive, status):
    site(server, inside=f'open_file_cache max=9; open_file_cache_valid 1h; {directive}')
    server.start()
    assert server.get('/file').status == 404
    server.write('html/file', 'late')
    assert server.get('/file').status == status


# What is ours

@pytest.mark.ours
@pytest.mark.parametrize('directive, ahead', [('', 32 << 10), ('echo_buffer_size 1m;', 2 << 20)])
def test_echo_buffer_size(server, directive, ahead):
    """A client that reads nothing gets rid of twice the buffer's size, and of what the socket holds both ways: of a unix
    socket never as much as a megabyte."""
    server.configure(f'stream {{ server {{ listen unix:@dir@/echo; echo; {directive} }} }}')
    server.start()
    sent = 0
    with Client(server.path('echo')) as client:
        client.socket.setblocking(False)
        while select.select([], [client.socket], [], 0.3)[1]:
            sent += client.socket.send(b'p' * 4096)
        assert ahead <= sent < ahead + (1 << 20)
