# SPDX-License-Identifier: BSD-2-Clause
"""How a process begins and ends: with streams that are closed, and with files that it may no longer remove."""
import os
import re
import signal
import socket
import subprocess

import pytest

from tests.harness.wire import PATIENCE

pytestmark = pytest.mark.ours

CONFIG = '''
    server {
        listen 127.0.0.1:@http@;
        access_log access.log;
        location / { return 200 "here"; }
    }
'''


@pytest.mark.parametrize('closed', ['0<&-', '1>&-', '2>&-', '0<&- 1>&- 2>&-'])
def test_closed_streams(server, closed):
    """POSIX open(): the lowest number that is free is given. A log or a listening socket must not get that of a stream:
    whoever writes to stderr would write there, a daemon puts /dev/null in its place, and a log under the number of
    stderr is not opened again at USR1 (nginx: controlling nginx)."""
    server.http(CONFIG)
    command = ' '.join([*server.command('-c', 'nginx.conf'), closed])
    process = subprocess.Popen(['/bin/sh', '-c', 'exec ' + command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    server.process, server.stderr = process, open(os.devnull, 'rb')
    server.started.append(process)
    server.wait_for(lambda: server.read('tidepool.pid').strip() or process.poll() is not None, 'the start')
    assert process.poll() is None
    for number in range(3):
        name = os.readlink(f'/proc/{process.pid}/fd/{number}')
        assert name.startswith(('/dev/null', 'pipe:')), name  # valgrind and sanitizers have pipes of their own
    assert server.get().text == 'here'
    server.wait_log('GET / ', 'access.log')
    os.rename(server.path('access.log'), server.path('access.log.1'))
    server.kick(signal.SIGUSR1)
    # The new file stands a moment before lines go there.
    server.wait_for(lambda: server.get().text == 'here' and server.read('access.log'), 'a line in the new file')


def unprivileged(public):
    """A server of root's that has become nobody, without a supervisor, in a folder where nobody may remove anything."""
    public.configure('''http { access_log off; client_body_temp_path @dir@/body;
        server { listen 127.0.0.1:@http@; listen unix:@dir@/own/http.sock; location / { return 200 "here"; } } }''')
    text = public.read('nginx.conf').replace('user root;', 'supervise off; user nobody;')
    public.configure_raw(text.replace('pid tidepool.pid;', f'pid {public.path("own/server.pid")};'))
    public.spawn()
    public.wait_for(lambda: public.read('own/server.pid').strip() or public.process.poll() is not None, 'the start')
    assert public.process.poll() is None, public.read('stderr')


@pytest.mark.skipif(os.geteuid() != 0, reason='only root starts as one user and goes on as another')
def test_left_behind(public):
    """What may not be removed is said, holds no number that another process may have by then, and the next start takes
    it over."""
    os.makedirs(public.path('own'))
    os.chmod(public.path('own'), 0o755)
    for times in (1, 2):
        unprivileged(public)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(public.path('own/http.sock'))
            client.sendall(b'GET / HTTP/1.0\r\n\r\n')
            assert client.recv(1000).startswith(b'HTTP/1.1 200 ')
        public.stop(signal.SIGQUIT)
        assert public.read('own/server.pid') == ''
        log = public.read('error.log')
        for what in ('pid file "' + public.path('own/server.pid') + '" is left behind',
                     'unix:' + public.path('own/http.sock') + ' is left behind'):
            assert len(re.findall(re.escape(what) + '.*13: Permission denied', log)) == times
