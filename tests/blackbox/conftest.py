# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the black-box tests. tests/README.md says how to run them against another binary."""
import os
import shutil
import subprocess
import tarfile
import tempfile

import pytest

from tests.harness import browser
from tests.harness import instance

AXE = 'axe-core@4.14.1'


def pytest_configure(config):
    config.addinivalue_line('markers', 'ours: what only Tidepool does (skipped for another binary)')
    config.addinivalue_line('markers',
                            'plain: counts bytes or system calls (skipped under sanitizers and valgrind)')


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker('ours') and not instance.OURS:
            item.add_marker(pytest.mark.skip(reason='a matter of Tidepool'))
        if item.get_closest_marker('plain') and instance.INSTRUMENTED:
            item.add_marker(pytest.mark.skip(reason='instrumented build'))


def pytest_sessionstart():
    if not os.path.exists(instance.BINARY):
        pytest.exit(f'{instance.BINARY} is missing: run make first', 2)


@pytest.fixture
def server(tmp_path):
    """A server of the test's own, stopped and examined after it."""
    one = instance.Server(tmp_path)
    yield one
    try:
        one.stop()
    finally:
        one.kill()


@pytest.fixture
def public():
    """The same in a folder that every user may enter and write to; those of pytest are closed to all but its own."""
    with tempfile.TemporaryDirectory(prefix='tidepool-public-', ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o777)
        one = instance.Server(folder)
        yield one
        try:
            one.stop()
        finally:
            one.kill()


@pytest.fixture(scope='module')
def shared(request, tmp_path_factory):
    """A server for all tests of a file: the file says in CONFIG what its http block holds, and in FILES what
    is served."""
    one = instance.Server(tmp_path_factory.mktemp('shared'))
    for name, content in getattr(request.module, 'FILES', {}).items():
        one.write(f'html/{name}', content)
    if hasattr(request.module, 'prepare'):
        request.module.prepare(one)
    config = request.module.CONFIG
    if not instance.OURS:
        config = request.module.foreign(config) if hasattr(request.module, 'foreign') else config
    one.http(config, workers=getattr(request.module, 'WORKERS', 1))
    one.start()
    yield one
    try:
        one.stop()
    finally:
        one.kill()


@pytest.fixture(scope='module')
def chrome(tmp_path_factory):
    one = browser.Browser(str(tmp_path_factory.mktemp('profile') / 'new'))
    yield one
    one.close()


@pytest.fixture(scope='module')
def axe(tmp_path_factory):
    """The text of axe.min.js: the file that TIDEPOOL_AXE names, or from the registry that npm is set up for, kept
    nowhere."""
    if 'TIDEPOOL_AXE' in os.environ:
        with open(os.environ['TIDEPOOL_AXE'], encoding='utf-8') as file:
            return file.read()
    if not shutil.which('npm'):
        pytest.skip('neither TIDEPOOL_AXE nor npm: apt-get install npm')
    folder = tmp_path_factory.mktemp('axe')
    run = subprocess.run(['npm', 'pack', '--silent', '--pack-destination', str(folder), AXE],
                         cwd=folder, capture_output=True, text=True, timeout=120)
    archives = list(folder.glob('*.tgz'))
    if run.returncode or not archives:
        pytest.skip(f'npm cannot get {AXE}, and TIDEPOOL_AXE names no axe.min.js: {run.stderr.strip()[-200:]}')
    with tarfile.open(archives[0]) as archive:
        return archive.extractfile('package/axe.min.js').read().decode()
