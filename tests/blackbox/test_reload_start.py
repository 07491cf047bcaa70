# SPDX-License-Identifier: BSD-2-Clause
"""What a start reads and a reload changes, or says that it does not (nginx: a reload moves the pid file, and gives new workers
worker_rlimit_nofile; here workers are threads of the one process, so user, daemon and pool_mode need a restart)."""
import os
import re
import signal

import pytest

from tests.harness.instance import OURS

MAIN = 'daemon off; %s error_log error.log info; events { worker_connections 64; }\n'
HTTP = 'http { access_log off; server { listen 127.0.0.1:@http@; return 200 "%s"; } }'
USER = 'user root; ' if os.geteuid() == 0 else ''


def write(server, main, text='x', user=USER):
    server.configure_raw(MAIN % (user + main) + HTTP % text)


def reload(server, main, text, user=USER):
    write(server, main, text, user)
    server.reload(lambda: server.get().text == text)


def open_files(server):
    with open(f'/proc/{server.pid}/limits', encoding='ascii') as file:
        return int(re.search(r'^Max open files +([0-9]+)', file.read(), re.M).group(1))


def test_pid_moves(server):
    """The new one is there, then the old one goes; `off` takes it away, and a name brings it back."""
    write(server, 'pid tidepool.pid;')
    server.start()
    number = f'{server.process.pid}\n'
    reload(server, 'pid other.pid;', 'moved')
    server.wait_for(lambda: not os.path.exists(server.path('tidepool.pid')), 'the old pid file to go')
    assert server.read('other.pid') == number
    assert server.run('-c', 'nginx.conf', '-s', 'reload').returncode == 0  # found by its new name
    server.wait_log('reconfiguring', count=2)
    if OURS:
        reload(server, 'pid off;', 'off')
        server.wait_for(lambda: not os.path.exists(server.path('other.pid')), 'the pid file to go')
    reload(server, 'pid tidepool.pid;', 'back')
    server.wait_for(lambda: server.read('tidepool.pid') == number, 'the pid file')
    server.stop()


@pytest.mark.ours
def test_pid_by_another_name(server):
    """The same file, called otherwise, stays."""
    os.mkdir(server.path('folder'))
    os.symlink('../tidepool.pid', server.path('folder/link.pid'))
    write(server, 'pid tidepool.pid;')
    server.start()
    reload(server, 'pid folder/link.pid;', 'again')
    server.wait_log('reconfiguring')
    server.kick(signal.SIGUSR1)
    server.wait_log('reopening logs')
    assert server.read('tidepool.pid') == f'{server.process.pid}\n'


def test_pid_that_cannot_be(server):
    """nginx: such a configuration is refused, and the old one goes on with its pid file."""
    write(server, 'pid tidepool.pid;', 'old')
    server.start()
    write(server, 'pid none/x.pid;', 'new')
    server.kick(signal.SIGHUP)
    server.wait_log(r'\[emerg\].*open\(\) "[^"]*none/x\.pid" failed \(2: ')
    server.expect(r'none/x\.pid')
    assert server.get().text == 'old' and server.read('tidepool.pid') == f'{server.process.pid}\n'


@pytest.mark.ours
def test_descriptors(server):
    """worker_rlimit_nofile is set again; without it the limit is what it was before."""
    write(server, 'pid tidepool.pid;')
    server.start()
    before = open_files(server)
    reload(server, 'pid tidepool.pid; worker_rlimit_nofile 200;', 'few')
    server.wait_for(lambda: open_files(server) == 200, 'the limit')
    reload(server, 'pid tidepool.pid; worker_rlimit_nofile 300;', 'more')
    server.wait_for(lambda: open_files(server) == 300, 'the limit')
    reload(server, 'pid tidepool.pid;', 'all')
    server.wait_for(lambda: open_files(server) == before, 'the limit')


@pytest.mark.ours
@pytest.mark.parametrize('name, main, user', [
    ('daemon', 'daemon on; ', USER), ('pool_mode', 'pool_mode poison; ', USER),
    pytest.param('user', '', 'user daemon; ', marks=pytest.mark.skipif(os.geteuid() != 0, reason='not root'))])
def test_read_at_start_only(server, name, main, user):
    """One line says that it needs a restart; a reload that leaves it alone says nothing."""
    write(server, 'pid tidepool.pid;')
    server.start()
    reload(server, 'pid tidepool.pid; worker_shutdown_timeout 9s;', 'same')
    server.configure_raw((MAIN % f'{user}pid tidepool.pid; ').replace('daemon off; ', main or 'daemon off; ')
                         .replace('pool_mode', 'daemon off; pool_mode') + HTTP % 'other')
    server.reload(lambda: server.get().text == 'other')
    server.wait_log(rf'\[warn\].*"{name}" is read at start only: it stays as it is until a restart')
    assert server.read('error.log').count('is read at start only') == 1
