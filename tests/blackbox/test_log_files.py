# SPDX-License-Identifier: BSD-2-Clause
"""access_log with variables in its name, with gzip, and open_log_file_cache: nginx's ngx_http_log_module."""
import gzip
import os
import re
import signal
import socket
import subprocess

import pytest

from tests.harness.wire import PATIENCE

CONFIG = '''
    log_format path "$uri $status";
    server {
        listen 127.0.0.1:@http@;
        location /var { access_log @dir@/own_$arg_n.log path; return 204; }
        location /relative { access_log under_${arg_n}.log path; return 204; }
        location /cached {
            open_log_file_cache max=2 inactive=60s min_uses=2 valid=60s;
            access_log @dir@/logs/$arg_n.log path;
            return 204;
        }
        location /fresh {
            open_log_file_cache max=10 valid=0s;
            access_log @dir@/fresh.$arg_n path;
            return 204;
        }
        location /packed { access_log packed.gz path gzip=9 flush=100ms; return 204; }
    }
'''


def prepare(server):
    os.mkdir(server.path('logs'))


def test_names(shared):
    """A name with variables is another file for each value; a relative one is below the prefix."""
    for name in ('a', 'b', 'a', ''):
        assert shared.get(f'/var?n={name}').status == 204
    assert shared.get('/relative?n=x').status == 204
    shared.wait_log('/relative 204', 'under_x.log')
    assert shared.read('own_a.log') == '/var 204\n' * 2
    assert shared.read('own_b.log') == shared.read('own_.log') == '/var 204\n'


def test_cannot_be_opened(shared):
    """A line whose file cannot be opened is lost, and that is logged."""
    shared.expect('open.*no/such.*failed')
    assert shared.get('/var?n=no/such').status == 204
    shared.wait_log(r'open\(\) ".*own_no/such.log" failed')


def test_cache(shared):
    """A file stays open from its second use on, though its folder is moved; the least used of too many is closed."""
    for name in 'aabbcc':
        shared.get(f'/cached?n={name}')
    shared.expect('open.*logs/a.log.*failed')
    os.rename(shared.path('logs'), shared.path('moved'))
    for name in 'bca':
        shared.get(f'/cached?n={name}')
    shared.wait_log(r'open\(\) ".*logs/a.log" failed')
    os.rename(shared.path('moved'), shared.path('logs'))
    assert [shared.read(f'logs/{name}.log').count('\n') for name in 'abc'] == [2, 3, 3]


def test_cache_workers(server):
    """Uses are counted, and files kept, for all workers together."""
    server.http(CONFIG, workers=4)
    prepare(server)
    server.start()
    for count in (1, 2):
        server.get('/cached?n=a')
        server.wait_for(lambda count=count: server.read('logs/a.log').count('\n') == count, 'the log')
    os.rename(server.path('logs'), server.path('moved'))
    for _ in range(16):
        server.get('/cached?n=a')
    server.wait_for(lambda: server.read('moved/a.log').count('\n') == 18, 'the log')


def test_cache_validates(shared):
    """After `valid` a file that was renamed is no longer the one of that name."""
    shared.get('/fresh?n=x')
    shared.wait_log('/fresh', 'fresh.x')
    os.rename(shared.path('fresh.x'), shared.path('old'))
    shared.get('/fresh?n=x')
    shared.wait_log('/fresh', 'fresh.x')
    assert shared.read('old') == shared.read('fresh.x') == '/fresh 204\n'


def test_gzip(shared):
    """gzip: buffers are members of a gzip file."""
    def unpacked():
        try:
            with gzip.open(shared.path('packed.gz'), 'rt') as file:
                return file.read()
        except EOFError:
            return ''

    for count in (1, 2):
        shared.get('/packed')
        shared.wait_for(lambda count=count: unpacked() == '/packed 204\n' * count, 'the log')


@pytest.mark.ours
def test_stdout_that_is_a_socket(server):
    """/dev/stdout cannot be opened by its name if it is a socket, as it is under systemd: it is written to as it is, and
    goes on being so when the logs are opened again (USR1)."""
    server.http('log_format path $uri; access_log /dev/stdout path; server { listen @http@; return 204; }')
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE)
    with open(server.path('stderr'), 'ab') as stderr:
        server.stderr = stderr
        server.process = subprocess.Popen(server.command('-c', 'nginx.conf'), stdin=subprocess.DEVNULL, stdout=theirs,
                                          stderr=stderr)
        server.started.append(server.process)
        theirs.close()
        server.wait_for(lambda: server.read('tidepool.pid').strip(), 'the pid file')
        server.get('/one')
        assert ours.recv(100) == b'/one\n'
        server.kick(signal.SIGUSR1)
        server.wait_log('signal 10')
        server.get('/two')
        assert ours.recv(100) == b'/two\n'
        server.stop()
    ours.close()


@pytest.mark.parametrize('text, sentence', [
    ('access_log a_$uri combined buffer=4k;', 'buffered logs cannot have variables in name'),
    ('access_log a combined gzip=10;', 'invalid compression level "10"'),
    ('open_log_file_cache inactive=1s;', 'must have "max" parameter'),
    ('open_log_file_cache max=0;', 'invalid parameter "max=0"')])
def test_mistakes(server, text, sentence):
    """A wrong line is named when the configuration is tested."""
    server.http(text + ' server { listen 127.0.0.1:@http@; }')
    outcome = server.run('-c', 'nginx.conf', '-t')
    assert outcome.returncode != 0 and sentence in outcome.stderr


@pytest.mark.ours
@pytest.mark.parametrize('place, directive', [(place, directive) for place in ('main', 'http', 'server', 'location')
                                              for directive in ('error_log syslog:server=127.0.0.1 warn;',
                                                                'error_log memory:32m debug;',
                                                                'access_log syslog:server=127.0.0.1 combined;')
                                              if place != 'main' or directive.startswith('error')])
def test_logs_that_are_no_files(server, place, directive):
    """ngx_core_module, error_log: "syslog:" and "memory:" are no names of files. What is not there is refused, and
    no file of that name is made."""
    where = {name: directive if name == place else '' for name in ('main', 'http', 'server', 'location')}
    server.configure(f"{where['main']} http {{ {where['http']} server {{ listen 127.0.0.1:@http@; {where['server']} "
                     f"location / {{ {where['location']} }} }} }}")
    done = server.run('-t', '-c', 'nginx.conf')
    name, value = directive.split()[:2]
    assert done.returncode == 1
    assert re.search(rf'"{re.escape(value.rstrip(";"))}" is not supported: {name} takes the name of a file.*:2$', done.stderr, re.M)
    assert not [name for name in os.listdir(server.folder) if ':' in name]


@pytest.mark.ours
def test_the_option_e_is_no_syslog_either(server):
    server.configure_raw('events {}')
    done = subprocess.run([*server.command()[:-2], '-e', 'syslog:server=127.0.0.1', '-t', '-c', 'nginx.conf'],
                          capture_output=True, text=True)
    assert done.returncode == 1 and '-e takes the name of a file' in done.stderr
