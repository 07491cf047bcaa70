# SPDX-License-Identifier: BSD-2-Clause
"""`make install` with DESTDIR and PREFIX: what is put where, that it is usable from there, and that it is right."""
import os
import re
import shutil
import stat
import subprocess

import pytest

from instance import BINARY, INSTRUMENTED, ROOT, WRAPPER

pytestmark = [pytest.mark.ours, pytest.mark.skipif(not shutil.which('make'), reason='no make')]


@pytest.fixture(scope='module')
def installed(tmp_path_factory):
    """What has been built is put there; nothing is built for it (-o all)."""
    destination = tmp_path_factory.mktemp('destination')
    environment = {name: value for name, value in os.environ.items() if name not in ('MAKEFLAGS', 'MFLAGS')}
    done = subprocess.run(['make', '-s', '-o', 'all', 'install', f'BUILD={os.path.dirname(BINARY)}', 'PREFIX=/opt/tide',
                           f'DESTDIR={destination}'], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert os.listdir(destination) == ['opt'], 'all is below the prefix'
    return str(destination / 'opt' / 'tide')


def test_what_is_there(installed):
    found = {os.path.relpath(os.path.join(folder, name), installed)
             for folder, _, names in os.walk(installed) for name in names}
    for wanted in ('bin/tidepool', 'lib/libtidepool.a', 'include/pool/pool.h', 'share/tidepool/tidepool.conf',
                   'share/tidepool/mime.types', 'share/man/man8/tidepool.8', 'share/doc/tidepool/DIRECTIVES.md',
                   'share/doc/tidepool/differences.md', 'lib/systemd/system/tidepool.service'):
        assert wanted in found, wanted
    for name in found:
        mode = stat.S_IMODE(os.stat(os.path.join(installed, name)).st_mode)
        assert mode == (0o755 if name == 'bin/tidepool' else 0o644), name


def test_the_binary_runs_from_there(installed):
    done = subprocess.run(WRAPPER + [f'{installed}/bin/tidepool', '-v'], capture_output=True, text=True)
    assert done.returncode == 0 and 'tidepool/' in done.stderr


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
    assert '@' not in text
    assert re.findall(r'^ExecStart=(\S+)', text, re.M) == ['/opt/tide/bin/tidepool']


def test_the_manual_tells_every_option_and_command():
    with open(f'{ROOT}/docs/tidepool.8', encoding='utf-8') as file:
        manual = file.read()
    told = set(''.join(re.findall(r'^\.It Fl ([^\n]*)', manual, re.M)))
    options = subprocess.run(WRAPPER + [BINARY, '-h'], capture_output=True, text=True).stderr
    for letter in re.findall(r'^\s+(?:-\?,)?-(\w)', options, re.M):
        assert letter in told, f'-{letter}'
    commands = re.findall(r'^\s+tidepool (\w+)', options, re.M)
    assert len(commands) >= 3
    for command in commands:
        assert f'.It Cm {command}\n' in manual, command


def test_the_manual_is_right():
    """mandoc, or groff's own warnings."""
    if shutil.which('mandoc'):
        command = ['mandoc', '-T', 'lint', '-W', 'warning,stop']
    elif shutil.which('groff') and os.path.isdir('/usr/share/groff'):
        command = ['groff', '-mdoc', '-Tascii', '-ww', '-z']
    else:
        pytest.skip('neither mandoc nor groff')
    done = subprocess.run(command + [f'{ROOT}/docs/tidepool.8'], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout + done.stderr == ''
