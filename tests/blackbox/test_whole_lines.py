# SPDX-License-Identifier: BSD-2-Clause
"""Log lines of several workers are whole, wherever they go: pipe(7) keeps writes of at most PIPE_BUF (4,096) bytes
apart, and no longer ones; each line here says how long it is."""
import os
import re
import threading
import time

import pytest

from tests.harness import instance
from tests.harness.wire import request

CONFIG = '''
    log_format whole escape=none "$arg_n $arg_a $http_a$http_b end";
    large_client_header_buffers 4 16k;
    server {
        listen 127.0.0.1:@http@;
        access_log %s whole;
        location / { return 204; }
        location /own/ { access_log @dir@/$arg_to whole; return 204; }
        location /denied { access_log off; deny all; echo_body; }
    }
'''
CLIENTS, REQUESTS = 8, 60


def ask(server, number, target, pipelined=6):
    """Requests of one client, several at a time, with lines of 10 to 16,000 bytes."""
    with server.client() as client:
        for first in range(0, REQUESTS, pipelined):
            batch = b''
            for step in range(first, first + pipelined):
                a, b = (step * 997 + number * 313) % 8000, (step * 331 + number * 71) % 8000
                letter = chr(ord('a') + number)
                batch += request('GET', f'{target}?n={letter}&a={a + b}&to=own.fifo',
                                 [('A', letter * a or '-'), ('B', letter * b or '-')])
            client.send(batch)
            for _ in range(pipelined):
                client.response()


def drive(server, target='/'):
    threads = [threading.Thread(target=ask, args=(server, number, target)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def check(text, count):
    lines = text.split('\n')
    assert lines.pop() == '', 'the last line has no end'
    access = [line for line in lines if not re.match(r'\d{4}/\d\d/\d\d ', line)]
    for line in access:
        letter, length, body = re.fullmatch(r'([a-h]) (\d+) ([a-h-]*) end', line).groups()
        assert len(body.replace('-', '')) == int(length) and set(body) <= {letter, '-'}, line[:100]
    for line in set(lines) - set(access):
        assert re.fullmatch(r'[\d/]+ [\d:]+ \[\w+\] \d+#\d+: .*', line), line[:100]
    assert len(access) == count
    return len(lines) - len(access)


class SlowReader(threading.Thread):
    """Reads a FIFO in pieces that fit nothing, with pauses, until no writer is left."""

    def __init__(self, path):
        super().__init__()
        os.mkfifo(path)
        self.path, self.got = path, b''

    def run(self):
        with open(self.path, 'rb', buffering=0) as file:
            while piece := file.read(1 + len(self.got) % 2999):
                self.got += piece
                if len(self.got) % 5 == 0:
                    time.sleep(.0005)


@pytest.mark.skipif(not instance.OURS, reason='nginx tears lines that are longer than PIPE_BUF')
def test_fifo(server):
    """Two logs into one FIFO, four workers, a slow reader."""
    reader = SlowReader(server.path('fifo'))
    reader.start()
    server.http(CONFIG % '@dir@/fifo', workers=4, error_log='fifo info')
    server.start()
    threads = drive(server)
    for _ in range(20):
        assert server.get('/denied').status == 403
    for thread in threads:
        thread.join()
    server.stop()
    reader.join()
    assert check(reader.got.decode(), CLIENTS * REQUESTS) >= 20


@pytest.mark.skipif(not instance.OURS, reason='nginx tears lines that are longer than PIPE_BUF')
def test_fifo_of_a_name_with_variables(server):
    """The file of such a name is opened for each line: all of them have one turn."""
    reader = SlowReader(server.path('own.fifo'))
    reader.start()
    held = os.open(server.path('own.fifo'), os.O_WRONLY)
    server.http(CONFIG % '@dir@/other.log', workers=4)
    server.start()
    for thread in drive(server, '/own/'):
        thread.join()
    os.close(held)
    reader.join()
    check(reader.got.decode(), CLIENTS * REQUESTS)
