# SPDX-License-Identifier: BSD-2-Clause
"""`-s reload` waits until the configuration is in force or refused, and its status tells which."""
import os
import signal
import socket
import subprocess
import threading

import pytest

from tests.harness.instance import pending
from tests.harness.wire import PATIENCE

pytestmark = pytest.mark.ours

SERVER = 'server { listen 127.0.0.1:@http@; return 200 %s; }'


def reload(server):
    return server.run('-c', 'nginx.conf', '-s', 'reload')


def test_taken(server):
    """What was asked for is done: status 0, and nothing to say."""
    server.http(SERVER % 'old', workers=3)
    server.start()
    for text in ('new', 'newer', 'newest'):
        server.http(SERVER % text, workers=2)
        done = reload(server)
        assert (done.returncode, done.stdout + done.stderr) == (0, '')
        server.wait_for(lambda: {server.get().text for _ in range(9)} == {text}, 'all workers')


def test_refused_by_the_server(server):
    """The file is right, but its address is taken, which only whoever binds can know."""
    server.http(SERVER % 'old')
    server.start()
    with socket.create_server(('127.0.0.1', server.port('taken'))):
        server.http(SERVER % 'new' + SERVER.replace('@http@', '@taken@') % 'new')
        done = reload(server)
        assert done.returncode == 1 and 'the configuration is not taken, the one before goes on' in done.stderr
    assert server.get().text == 'old'
    server.expect(r'\[emerg\] .*bind\(\)')
    server.http(SERVER % 'new')
    assert reload(server).returncode == 0
    server.wait_for(lambda: server.get().text == 'new', 'the reload')


def test_the_server_dies_in_it(server):
    """No verdict will come of it, and that is one."""
    server.http(SERVER % 'old')
    server.start()
    before = server.pid
    server.http(SERVER % 'new')
    server.freeze()
    found = []
    thread = threading.Thread(target=lambda: found.append(reload(server)))
    thread.start()
    server.expect(r'\[(alert|crit)\]')
    server.wait_for(lambda: os.path.exists(f'/proc/{before}') and pending(before, signal.SIGHUP), 'the order to reload')
    os.kill(before, signal.SIGKILL)
    thread.join()
    assert found[0].returncode == 1
    server.wait_for(lambda: server.children() and server.pid != before, 'another server process')
    assert server.get().text == 'old'


def test_several_ask_at_once(server):
    """Each hears of a reload that began after it asked. Signals of one kind may fall together: then one has no
    answer, which is no error."""
    server.http(SERVER % 'old')
    server.start()
    server.http(SERVER % 'new')
    asking = [subprocess.Popen(server.command('-c', 'nginx.conf', '-s', 'reload'), stderr=subprocess.PIPE, text=True)
              for _ in range(12)]
    for process in asking:
        said = process.communicate(timeout=PATIENCE * 3)[1]
        assert process.returncode == 0 and (not said or 'in its error log alone' in said), said
    assert server.get().text == 'new'


@pytest.mark.parametrize('broken', [False, True])
def test_without_a_supervisor(server, broken):
    """Nobody answers there: the status is that of nginx, which waits for nothing, and a line says so."""
    server.http(SERVER % 'old')
    server.configure('supervise off; http { access_log off; %s }' % (SERVER % 'old'))
    server.start()
    server.configure('supervise off; http { access_log off; %s }' % (SERVER % 'new'))
    done = reload(server)
    assert done.returncode == 0 and 'in its error log alone' in done.stderr
    server.wait_for(lambda: server.get().text == 'new', 'the reload')
    if broken:
        server.configure('http { servers { } }')
        assert reload(server).returncode == 1
        assert server.get().text == 'new'
