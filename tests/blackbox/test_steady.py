# SPDX-License-Identifier: BSD-2-Clause
"""In steady state the server asks the system for no memory: after a warm-up, strace sees no mmap, munmap,
brk, madvise or mremap over thousands of mixed requests; and what it holds does not grow."""
import os
import re
import shutil
import subprocess
import threading

import pytest

from wire import chunked, request

pytestmark = [pytest.mark.ours, pytest.mark.plain]

CONFIG = '''
    stream { server { listen 127.0.0.1:@echo@; echo; } }
    http {
        access_log access.log;
        keepalive_requests 1000000;
        large_client_header_buffers 4 16k;
        client_body_buffer_size 16k;
        client_max_body_size 0;
        limit_conn_zone $binary_remote_addr zone=addr:1m;
        server {
            listen 127.0.0.1:@http@;
            root @dir@/html;
            location = /plain { return 200 "Hello, World!"; }
            location /body { echo_body; }
            location /whole { echo_body whole; client_body_temp_path @dir@/body 1; }
            location /limited/ { alias @dir@/html/; limit_conn addr 1000; }
            location /cached/ { alias @dir@/html/; open_file_cache max=100; }
        }
    }
'''


def mixed(client, echo, times):
    """Plain, 8 KiB head, 64 KiB POST (length, chunked, by a temporary file), 100 KiB file, 404, limits, echo: one after the
    other."""
    body = b'b' * 65536
    for _ in range(times):
        assert client.ask('GET', '/plain').status == 200
        assert client.ask('GET', '/plain', [('X-Large', 'h' * 8000)]).status == 200
        assert client.ask('POST', '/body', body=body).body == body
        assert client.ask('POST', '/body', [('Transfer-Encoding', 'chunked')],
                          chunked(body[:30000], body[30000:])).body == body
        assert client.ask('POST', '/whole', body=body).body == body
        assert len(client.ask('GET', '/100k.bin').body) == 102400
        assert len(client.ask('GET', '/cached/100k.bin').body) == 102400
        assert client.ask('GET', '/limited/small.txt').status == 200
        assert client.ask('GET', '/absent').status == 404
        client.send(request('GET', '/plain') * 16)
        assert all(client.response().status == 200 for _ in range(16))
        echo.send(body)
        assert echo.exactly(len(body)) == body


def drive(server, times):
    """Four connections of each kind at once, and some that come and go."""
    failures = []

    def work():
        try:
            for _ in range(times):
                with server.client() as client, server.client('echo') as echo:
                    mixed(client, echo, 10)
        except (AssertionError, OSError) as error:
            failures.append(error)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def prepare(server, workers):
    server.write('html/100k.bin', b'1' * 102400)
    server.write('html/small.txt', 'small')
    server.configure(CONFIG, workers=workers)
    server.start()


@pytest.mark.skipif(not shutil.which('strace'), reason='no strace')
@pytest.mark.parametrize('workers', [1, 2])
def test_no_system_call_for_memory(server, workers):
    prepare(server, workers)
    # The warm-up is heavier than what is counted: four connections may peak together in either.
    drive(server, 6)
    trace = server.path('trace')
    with subprocess.Popen(['strace', '-f', '-qq', '-e', 'trace=mmap,munmap,brk,madvise,mremap', '-o', trace,
                           '-p', str(server.process.pid)],
                          stderr=subprocess.PIPE, text=True) as strace:
        attached = lambda: strace.poll() is not None or re.search(r'^TracerPid:\s+[1-9]', status(server),
                re.M)
        server.wait_for(attached, 'strace')
        if strace.poll() is not None:
            pytest.skip('strace may not attach here: ' + strace.stderr.read())
        drive(server, 3)
        strace.terminate()
        strace.communicate()
    calls = [line for line in server.read('trace').splitlines()
             if re.search(r'(mmap|munmap|brk|madvise|mremap)\(', line)]
    assert calls == []


def status(server):
    """Of the thread that is attached to last: the newest."""
    newest = max(int(task) for task in os.listdir(f'/proc/{server.process.pid}/task'))
    with open(f'/proc/{server.process.pid}/task/{newest}/status', encoding='ascii') as file:
        return file.read()


def test_memory_does_not_grow(server):
    prepare(server, 2)
    drive(server, 4)
    before = server.anonymous_kib()
    drive(server, 8)
    assert server.anonymous_kib() <= before + 256


def test_download_does_not_grow(server):
    """Within one long answer buffers are used over again."""
    with open(server.path('html/huge.bin'), 'wb') as file:
        file.truncate(256 << 20)
    server.configure('http { access_log off; server { listen 127.0.0.1:@http@; root @dir@/html; sendfile off; } }')
    server.start()
    with server.client() as client:
        client.send(request('GET', '/huge.bin'))
        client.head()
        client.exactly(16 << 20)
        before = server.anonymous_kib()
        for _ in range(15):
            client.exactly(16 << 20)
        assert server.anonymous_kib() <= before + 64
