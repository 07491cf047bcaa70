# SPDX-License-Identifier: BSD-2-Clause
"""Logs are rotated under load as a distribution's logrotate does it (create, compress, delaycompress, USR1 in
postrotate): every request has its line, once, in one of the files, and the new files belong to whom they should."""
import collections
import glob
import grp
import gzip
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import threading

import pytest

pytestmark = [pytest.mark.ours, pytest.mark.skipif(not shutil.which('logrotate'), reason='no logrotate')]

CLIENTS, ROTATIONS = 4, 6

ROTATE = '''%(folder)s/logs/*.log {
    daily
    missingok
    rotate 14
    compress
    delaycompress
    notifempty
    %(create)s
    sharedscripts
    postrotate
        kill -USR1 %(pid)d
    endscript
}
'''


class Rotation:
    """logrotate, with a state and a configuration of its own."""

    def __init__(self, server, create):
        self.server = server
        self.path = server.write('logrotate.conf', ROTATE % {
            'folder': server.folder, 'create': create, 'pid': server.process.pid})
        os.chmod(self.path, 0o644)
        self.count = 0

    def turn(self):
        """Once there is something to rotate (`notifempty`): buffered lines come later."""
        self.server.wait_for(lambda: any(os.path.getsize(name) for name in glob.glob(self.server.path('logs', '*.log'))),
                             'lines')
        done = subprocess.run(['logrotate', '-f', '-s', self.server.path('state'), self.path], capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.count += 1
        self.server.wait_log('reopening logs', count=self.count)

    def files(self):
        return sorted(glob.glob(self.server.path('logs', '*')))


class Load:
    """Clients that ask for numbered paths until they are told to stop."""

    def __init__(self, server, hosts=('a',)):
        self.server, self.hosts, self.asked, self.going = server, hosts, collections.Counter(), True
        self.failed = []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        try:
            count = 0
            while self.going:
                with self.server.client() as client:
                    for _ in range(50):
                        host = self.hosts[count % len(self.hosts)]
                        assert client.ask('GET', f'/{number}/{count}', host=host).status == 200
                        self.asked[f'{number}/{count}'] += 1
                        count += 1
        except Exception as error:  # told by whoever waits for us
            self.failed.append(error)

    def passed(self, more):
        wanted = sum(self.asked.values()) + more
        self.server.wait_for(lambda: self.failed or sum(self.asked.values()) >= wanted, 'requests')

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join()
        assert not self.failed, self.failed


def lines(names):
    """What was logged, over all files, also compressed ones."""
    found = collections.Counter()
    for name in names:
        with open(name, 'rb') as file:
            data = file.read()
        while data.startswith(b'\x1f\x8b'):  # twice if the server compresses as well
            data = gzip.decompress(data)
        text = data.decode()
        assert not text or text.endswith('\n'), f'{name} ends within a line'
        for line in text.splitlines():
            match = re.fullmatch(r'\S+ \S+ \S+ \[.*\] "GET /(\d+/\d+) HTTP/1\.1" 200 \d+ "-" "-"', line)
            assert match, f'{name}: {line!r}'
            found[match.group(1)] += 1
    return found


def serve(server, access, more='', user='root'):
    os.makedirs(server.path('logs'), exist_ok=True)
    server.configure_raw(f'daemon off; user {user}; pid tidepool.pid; error_log error.log info; worker_processes 2; '
                         f'events {{ }} http {{ {access} {more} '
                         'server { listen 127.0.0.1:@http@; location / { return 200; } } }')
    return server.start()


LOGS = {
    'at once': ('access_log logs/access.log combined;', ''),
    'buffer': ('access_log logs/access.log combined buffer=8k;', ''),
    'flush': ('access_log logs/access.log combined buffer=64k flush=50ms;', ''),
    'gzip': ('access_log logs/access.log combined gzip buffer=8k flush=50ms;', ''),
    'name': ('access_log logs/$host.log combined;', ''),
    'cached name': ('access_log logs/$host.log combined;', 'open_log_file_cache max=10;'),
}


@pytest.mark.parametrize('log', LOGS)
def test_no_line_is_lost(server, log):
    serve(server, *LOGS[log])
    load = Load(server, ('a', 'b', 'c'))
    # A name with a variable is opened for each line: the server may make the new file before logrotate does, which
    # logrotate takes for an error. `nocreate` is what such a log is rotated with.
    rotation = Rotation(server, 'nocreate' if log == 'name' else 'create 0640 root root')
    for _ in range(ROTATIONS):
        load.passed(300)
        rotation.turn()
    load.passed(300)
    load.stop()
    server.stop(signal.SIGQUIT)
    names = rotation.files()
    assert any(name.endswith('.gz') for name in names) and any(name.endswith('.log.1') for name in names)
    found = lines(names)
    assert found == load.asked
    assert max(found.values()) == 1


def test_cached_names_follow(server):
    """Files that open_log_file_cache keeps open are not written to any more once they have been rotated, although
    they were not to be looked at again for a minute (`valid`)."""
    serve(server, *LOGS['cached name'])
    rotation = Rotation(server, 'create 0640 root root')
    for number in range(20):
        assert server.get(f'/0/{number}', host='a').status == 200
    rotation.turn()
    for number in range(20, 40):
        assert server.get(f'/0/{number}', host='a').status == 200
    server.stop(signal.SIGQUIT)
    assert set(lines([server.path('logs/a.log.1')])) == {f'0/{number}' for number in range(20)}
    assert set(lines([server.path('logs/a.log')])) == {f'0/{number}' for number in range(20, 40)}


@pytest.mark.skipif(os.geteuid() != 0, reason='only root starts as one user and goes on as another')
@pytest.mark.parametrize('log', ['at once', 'buffer', 'cached name'])
def test_unprivileged(public, log):
    """Workers that run as another user, in a folder that is root's: what logrotate creates for them they can write
    to, its mode and owner stay as they were made, and nobody else's files appear."""
    user = pwd.getpwnam('nobody')
    os.makedirs(public.path('logs'))
    os.chmod(public.path('logs'), 0o755)
    for host in 'abc':  # the worker may not make files in root's folder: they are there, as logrotate makes them
        path = public.write(f'logs/{host}.log', b'')
        os.chown(path, user.pw_uid, user.pw_gid)
    serve(public, *LOGS[log], user='nobody')
    load = Load(public, ('a', 'b', 'c'))
    rotation = Rotation(public, f'create 0640 nobody {grp.getgrgid(user.pw_gid).gr_name}')
    for _ in range(ROTATIONS):
        load.passed(300)
        rotation.turn()
    load.passed(300)
    load.stop()
    public.stop(signal.SIGQUIT)
    assert lines(rotation.files()) == load.asked
    now = [os.stat(name) for name in rotation.files() if name.endswith('.log')]
    assert {(one.st_uid, stat.S_IMODE(one.st_mode)) for one in now if one.st_size} == {(user.pw_uid, 0o640)}


@pytest.mark.skipif(os.geteuid() != 0, reason='only root starts as one user and goes on as another')
def test_nobody_makes_the_new_file(public):
    """`nocreate`, and a folder that the workers cannot write to: they go on with the file that they have, which is
    said, and no line is lost."""
    serve(public, *LOGS['at once'], user='nobody')
    os.chmod(public.path('logs'), 0o755)
    public.expect(r'open\(\) ".*/access\.log" failed \(13: Permission denied\)')
    load = Load(public)
    rotation = Rotation(public, 'nocreate')
    load.passed(300)
    rotation.turn()
    load.passed(300)
    load.stop()
    public.stop(signal.SIGQUIT)
    assert [os.path.basename(name) for name in rotation.files()] == ['access.log.1']
    assert lines(rotation.files()) == load.asked
