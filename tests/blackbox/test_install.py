# SPDX-License-Identifier: BSD-2-Clause
"""`make install` with DESTDIR and PREFIX: what is put where, that it is usable from there, and that it is right; `make
uninstall`: that it takes all of it back, and nothing else."""
import os
import re
import shutil
import signal
import stat
import subprocess

import pytest

from tests.harness.instance import BINARY, INSTRUMENTED, ROOT, WRAPPER
from tests.harness.wire import Client, request

pytestmark = [pytest.mark.ours, pytest.mark.skipif(not shutil.which('make'), reason='no make')]


def make(goal, destination):
    """What has been built is used; nothing is built for it (-o all)."""
    environment = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS')}
    done = subprocess.run(['make', '-s', '-o', 'all', goal, f'BUILD={os.path.dirname(BINARY)}', 'PREFIX=/opt/tide',
                           f'DESTDIR={destination}'], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    destination = tmp_path_factory.mktemp('destination')
    make('install', destination)
    assert os.listdir(destination) == ['opt'], 'all is below the prefix'
    return str(destination / 'opt' / 'tide')


def test_what_is_there(installed):
    found = {os.path.relpath(os.path.join(folder, name), installed)
             for folder, _, names in os.walk(installed) for name in names}
    for wanted in ('bin/tidepool', 'lib/libtidepool.a', 'include/pool/pool.h', 'share/tidepool/tidepool.conf',
                   'share/tidepool/mime.types', 'share/man/man8/tidepool.8', 'share/doc/tidepool/DIRECTIVES.md',
                   'share/doc/tidepool/differences.md', 'lib/systemd/system/tidepool.service', 'share/man/man5/tidepool.conf.5',
                   'share/bash-completion/completions/tidepool', 'share/zsh/site-functions/_tidepool', 'share/tidepool/tidepool.logrotate'):
        assert wanted in found, wanted
    for name in found:
        mode = stat.S_IMODE(os.stat(os.path.join(installed, name)).st_mode)
        assert mode == (0o755 if name == 'bin/tidepool' else 0o644), name


def test_uninstall(tmp_path):
    """What is not ours stays, and so does a folder that has it; of ours nothing does, and a second time does no harm."""
    make('install', tmp_path)
    tide = tmp_path / 'opt' / 'tide'
    foreign = [tide / 'share/tidepool/my.conf', tide / 'bin/other']
    for path in foreign:
        path.write_text('mine')
    for _ in range(2):
        make('uninstall', tmp_path)
        left = sorted(os.path.join(folder, name) for folder, _, names in os.walk(tmp_path) for name in names)
        assert left == sorted(map(str, foreign))
    assert not (tide / 'include/pool').exists() and not (tide / 'share/doc/tidepool').exists()


def test_the_binary_runs_from_there(installed):
    done = subprocess.run(WRAPPER + [f'{installed}/bin/tidepool', '-v'], capture_output=True, text=True)
    assert done.returncode == 0 and 'tidepool/' in done.stdout


def test_the_library_is_enough(installed, tmp_path):
    """The example is compiled with nothing but what was installed."""
    compiler = shutil.which('gcc') or shutil.which('cc')
    if INSTRUMENTED or not compiler:
        pytest.skip('no compiler, or an instrumented library')
    program = str(tmp_path / 'example')
    done = subprocess.run([compiler, '-std=c17', '-D_GNU_SOURCE', '-pthread', f'-I{installed}/include', '-o', program,
                           f'{ROOT}/tests/example/pool_example.c', f'{installed}/lib/libtidepool.a'],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([program], capture_output=True).returncode == 0


def test_the_unit_names_the_binary(installed):
    with open(f'{installed}/lib/systemd/system/tidepool.service', encoding='utf-8') as file:
        text = file.read()
    assert '@BINDIR@' not in text
    assert re.findall(r'^ExecStart=(\S+)', text, re.M) == ['/opt/tide/bin/tidepool']


def unit_settings():
    """NAME: [values] of the unit, in their order."""
    with open(f'{ROOT}/docs/tidepool.service', encoding='utf-8') as file:
        pairs = re.findall(r'^(\w+)=(.*)$', file.read(), re.M)
    return {name: [value for other, value in pairs if other == name] for name, _ in pairs}


def test_the_unit_is_hardened(tmp_path):
    """`systemd-analyze security` at most 2.5 (0 is best), and nothing in it that systemd does not know."""
    settings = unit_settings()
    assert settings['Restart'] == ['on-failure'] and settings['NoNewPrivileges'] == ['yes']
    assert settings['ProtectSystem'] == ['strict'] and settings['CapabilityBoundingSet'] == ['CAP_NET_BIND_SERVICE']
    if not shutil.which('systemd-analyze'):
        pytest.skip('no systemd-analyze')
    unit = tmp_path / 'tidepool.service'
    with open(f'{ROOT}/docs/tidepool.service', encoding='utf-8') as file:
        unit.write_text(file.read().replace('@BINDIR@', '/usr/bin'))
    done = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--no-pager', str(unit)],
                          capture_output=True, text=True)
    level = re.search(r'Overall exposure level for \S+: ([\d.]+)', done.stdout)
    if not level:
        pytest.skip('a systemd-analyze without --offline: ' + done.stderr[:100])
    assert float(level.group(1)) <= 2.5, done.stdout
    assert 'Unknown' not in done.stderr and 'Failed to parse' not in done.stderr, done.stderr


def syscalls_of(group):
    """Of a set of system calls of systemd's, "@name", those in it."""
    done = subprocess.run(['systemd-analyze', 'syscall-filter', '--no-pager', group], capture_output=True, text=True)
    names = re.findall(r'^    (\S+)$', done.stdout, re.M)
    return set().union(*(syscalls_of(name) if name.startswith('@') else {name} for name in names))


@pytest.mark.plain
@pytest.mark.skipif(os.geteuid() != 0 or not all(map(shutil.which, ('setpriv', 'strace', 'systemd-analyze'))),
                    reason='needs root, setpriv, strace and systemd-analyze')
def test_what_the_unit_forbids_is_not_needed(public, monkeypatch):
    """A life as the unit has it: a user without rights but for CAP_NET_BIND_SERVICE, and of the system calls only those
    that SystemCallFilter leaves: start, sandbox, port below 1024, unix socket, logs, body file, pid file, reload, end."""
    capability = unit_settings()['AmbientCapabilities'][0].removeprefix('CAP_').lower()
    public.write('nginx.conf', public.expand('''daemon off; sandbox on; pid tidepool.pid; error_log error.log info; worker_processes 2;
        worker_rlimit_nofile 256; events { worker_connections 64; }
        http { access_log access.log; client_body_temp_path body; client_body_in_file_only clean;
            server { listen 127.0.0.1:@http@; listen 127.0.0.211:911; listen unix:@dir@/socket; root html;
                gzip on; gzip_types *; gzip_min_length 1;
                location /echo { echo_body whole; } location /files/ { alias html/; autoindex on; } } }'''))
    public.write('html/a.txt', 'text ' * 1000)
    os.chmod(public.path('nginx.conf'), 0o644)
    for folder, _, names in os.walk(public.folder):
        for path in [folder] + [os.path.join(folder, name) for name in names]:
            os.chown(path, 65534, 65534)
    trace = public.path('trace')
    rights = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', f'--inh-caps=+{capability}',
              f'--ambient-caps=+{capability}', f'--bounding-set=-all,+{capability}',
              'strace', '-D', '-f', '-qq', '-o', trace]  # -D: the server keeps the number that it is started with
    plain = public.command
    monkeypatch.setattr(public, 'command', lambda *arguments: rights + plain(*arguments))
    public.start()
    assert public.get('/a.txt').status == 200 and public.get('/files/').status == 200
    assert public.ask('POST', '/echo', body=b'x' * 10000).status == 200
    for address in (('127.0.0.211', 911), public.path('socket')):
        with Client(address) as client:
            assert client.send(request('GET', '/a.txt')).response().status == 200
    public.write('nginx.conf', public.read('nginx.conf').replace('location /echo {', 'location /new { return 204; } location /echo {'))
    os.chown(public.path('nginx.conf'), 65534, 65534)
    public.reload(lambda: public.get('/new').status == 204)
    public.kick(signal.SIGUSR1)
    public.wait_log('GET /new', 'access.log')
    public.stop(signal.SIGQUIT)
    public.wait_for(lambda: re.search(r'\+\+\+ exited|exit_group\(', public.read('trace')), 'the end of the trace')
    used = set(re.findall(r'^\d+ +(\w+)\(', public.read('trace'), re.M))
    allowed = set()
    for value in unit_settings()['SystemCallFilter']:
        groups = set().union(*(syscalls_of(word) if word.startswith('@') else {word} for word in value.lstrip('~').split()))
        allowed = allowed - groups if value.startswith('~') else allowed | groups
    assert len(used) > 20 and not used - allowed


def test_compose_is_hardened():
    """Both services come back by themselves; ours has a root that is read-only, no capabilities and gets none."""
    with open(f'{ROOT}/docker/compose.yaml', encoding='utf-8') as file:
        services = re.split(r'^  (?=\w+:$)', file.read(), flags=re.M)[1:]
    assert len(services) == 2
    for service in services:
        assert '    restart: unless-stopped\n' in service
        assert '    read_only: true\n' in service
        assert '      - no-new-privileges:true\n' in service
        assert re.search(r'    cap_drop:\n      - ALL\n', service)


def test_the_manual_tells_every_option_and_command():
    with open(f'{ROOT}/docs/tidepool.8', encoding='utf-8') as file:
        manual = file.read()
    told = set(''.join(re.findall(r'^\.It Fl ([^\n]*)', manual, re.M)))
    options = subprocess.run(WRAPPER + [BINARY, '-h'], capture_output=True, text=True).stdout
    for letter in re.findall(r'^\s+(?:-\?,)?-(\w)', options, re.M):
        assert letter in told, f'-{letter}'
    commands = re.findall(r'^\s+tidepool (\w+)', options, re.M)
    assert len(commands) >= 3
    for command in commands:
        assert f'.It Cm {command}\n' in manual, command


def options_and_commands():
    """What -h lists."""
    said = subprocess.run(WRAPPER + [BINARY, '-h'], capture_output=True, text=True).stdout
    options = [option for options in re.findall(r'^ +(-\S+) +:', said, re.M) for option in options.split(',')]
    return options, re.findall(r'^  tidepool (\w+)', said, re.M), re.search(r'--signal.*?process: ([\w,\s]*)\n  -', said).group(1).replace(',', '').split()


def completed(installed, tmp_path, *words):
    """What bash offers behind these words; in a folder with one folder and one file."""
    os.makedirs(tmp_path / 'site', exist_ok=True)
    (tmp_path / 'my.conf').touch()
    script = f'source {installed}/share/bash-completion/completions/tidepool; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tidepool; ' \
             'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(['bash', '-c', script, 'bash', BINARY, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == '', done.stderr
    return sorted(done.stdout.split())


@pytest.mark.skipif(not shutil.which('bash'), reason='no bash')
def test_completion_of_bash(installed, tmp_path):
    options, commands, signals = options_and_commands()
    assert len(options) >= 20 and len(commands) >= 4 and len(signals) >= 4
    assert completed(installed, tmp_path, '-') == sorted(options)
    assert completed(installed, tmp_path, '--pre') == ['--prefix']
    assert completed(installed, tmp_path, '-s', '') == sorted(signals) and completed(installed, tmp_path, 'top', '-s', '') == []
    assert completed(installed, tmp_path, '') == sorted(commands + ['serve', 'site'])
    assert completed(installed, tmp_path, 'fol') == ['follow'] and completed(installed, tmp_path, 'serve', 's') == ['site']
    assert completed(installed, tmp_path, '-c', '') == ['my.conf', 'site'] and completed(installed, tmp_path, '-p', '') == ['site']
    assert completed(installed, tmp_path, 'directives', 'sendf') == ['sendfile', 'sendfile_max_chunk']
    assert completed(installed, tmp_path, 'directives', '$host') == ['$host', '$hostname']


@pytest.mark.skipif(not shutil.which('zsh'), reason='no zsh')
def test_completion_of_zsh(installed):
    options, commands, signals = options_and_commands()

    def offered(*words):
        script = 'compadd() { shift; print -l -- "$@" }; _files() { print files "$@" }; words=("$@"); CURRENT=$#; ' \
                 f'complete() {{ source {installed}/share/zsh/site-functions/_tidepool }}; complete'
        done = subprocess.run(['zsh', '-fc', script, 'zsh', BINARY, *words], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == '', done.stderr
        return done.stdout.splitlines()

    assert offered('-') == options and offered('-s', '') == signals
    assert offered('') == ['serve', *commands, 'files -/'] and offered('-c', '') == ['files']
    assert {'sendfile', '$host'} <= set(offered('directives', ''))


@pytest.mark.skipif(not shutil.which('logrotate'), reason='no logrotate')
def test_logrotate(installed, tmp_path):
    """logrotate takes the file (its folders are changed to ones that are here)."""
    with open(f'{installed}/share/tidepool/tidepool.logrotate', encoding='utf-8') as file:
        text = file.read()
    assert text.count('/var/log/tidepool/*.log') == 1 and 'USR1 tidepool.service' in text
    os.makedirs(tmp_path / 'logs')
    os.chmod(tmp_path / 'logs', 0o755)
    (tmp_path / 'logs/access.log').write_text('a line\n')
    (tmp_path / 'rotate').write_text(text.replace('/var/log/tidepool/', f'{tmp_path}/logs/'))
    os.chmod(tmp_path / 'rotate', 0o644)
    done = subprocess.run(['logrotate', '-d', '-s', str(tmp_path / 'state'), str(tmp_path / 'rotate')], capture_output=True, text=True)
    assert done.returncode == 0 and 'error' not in done.stderr and 'access.log' in done.stderr, done.stderr


def test_the_manual_of_the_language(installed):
    """Each directive and variable of the tables has its entry, in their order."""
    with open(f'{installed}/share/man/man5/tidepool.conf.5', encoding='utf-8') as file:
        page = file.read()
    table = subprocess.run(WRAPPER + [BINARY, 'directives'], capture_output=True, text=True).stdout
    names = re.findall(r'^\| `([$\w]+)', table, re.M)
    assert len(names) > 200 and re.findall(r'^\.It Li "([$\w]+)', page, re.M) == names
    assert page.isascii() and '`' not in page


@pytest.mark.parametrize('page', ['man8/tidepool.8', 'man5/tidepool.conf.5'])
def test_the_manual_is_right(installed, page):
    """mandoc, or groff's own warnings."""
    if shutil.which('mandoc'):
        command = ['mandoc', '-T', 'lint', '-W', 'warning,stop']
    elif shutil.which('groff') and os.path.isdir('/usr/share/groff'):
        command = ['groff', '-mdoc', '-Tascii', '-ww', '-z']
    else:
        pytest.skip('neither mandoc nor groff')
    done = subprocess.run(command + [f'{installed}/share/man/{page}'], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout + done.stderr == ''
