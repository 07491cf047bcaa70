# SPDX-License-Identifier: BSD-2-Clause
"""The USDT probes of the pools: what pool/probe.h promises is in the binary, with the arguments that
tests/probes/pools.bt uses; and, where bpftrace may run, that script sees the pools of a running server."""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from tests.harness import instance

pytestmark = [pytest.mark.ours, pytest.mark.skipif(bool(instance.WRAPPER), reason='under a wrapper')]

SCRIPT = f'{instance.ROOT}/tests/probes/pools.bt'


def notes():
    """Name → most arguments, of every probe in the binary."""
    said = subprocess.run(['readelf', '-nW', instance.BINARY], capture_output=True, text=True, check=True).stdout
    found = {}
    for name, arguments in re.findall(r'Provider: tidepool\n\s+Name: (\S+)\n.*\n\s+Arguments:(.*)', said):
        found[name] = max(found.get(name, 0), len(re.findall(r'-?\d+@', arguments)))
    if not found:
        pytest.skip('built without <sys/sdt.h>')
    return found


def script():
    """Name → how many arguments the script reads, of every probe that it attaches to."""
    with open(SCRIPT, encoding='utf-8') as file:
        text = file.read()
    used = {}
    for name, body in re.findall(r'usdt:\$1:tidepool:(\w+)\s*(.*?\n\})', text, re.S):
        numbers = [int(number) + 1 for number in re.findall(r'\barg(\d)', body)]
        used[name] = max([used.get(name, 0)] + numbers)
    return used


def promised():
    with open(f'{instance.ROOT}/pool/probe.h', encoding='utf-8') as file:
        return set(re.findall(r'^ \* \| (\w+) +\| pool\b', file.read(), re.M))


def test_probes_are_there():
    found = notes()
    assert set(found) == promised() == set(script())
    assert len(found) == 9
    for name, count in script().items():
        assert count <= found[name], f'{name} has {found[name]} arguments, the script reads {count}'


@pytest.mark.plain
@pytest.mark.skipif(not shutil.which('bpftrace') or os.geteuid() != 0, reason='bpftrace needs root')
def test_script_sees_the_pools(server):
    notes()
    server.http('connection_pool_budget 16k; large_client_header_buffers 4 16k; client_header_buffer_size 512;'
                'server { listen 127.0.0.1:@http@; return 200 "ok"; }')
    server.start()
    said = []
    with subprocess.Popen(['bpftrace', '-B', 'line', '-p', str(server.pid), SCRIPT, instance.BINARY],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tracer:
        reader = threading.Thread(target=lambda: said.extend(tracer.stdout))
        reader.start()
        try:
            deadline = time.monotonic() + 15
            # What it prints every second says that it is attached.
            while not any(line.startswith('@resets') for line in said):
                if tracer.poll() is not None or time.monotonic() > deadline:
                    pytest.skip('bpftrace cannot trace here: ' + ''.join(said[-3:]))
                time.sleep(.05)
            with server.client() as client:
                assert all(client.ask('GET', '/').status == 200 for _ in range(10))
                assert client.ask('GET', '/', [('X', 'x' * 14000)]).status == 503
            time.sleep(.2)
        finally:
            if tracer.poll() is None:
                tracer.send_signal(signal.SIGINT)
            reader.join(15)
            if tracer.poll() is None:
                tracer.kill()
    text = ''.join(said)
    assert re.search(r'^@created\[connection\]: 1$', text, re.M), text
    assert re.findall(r'^@resets: (\d+)', text, re.M)[-1] == '11', text
    assert re.search(r'^budget: a pool that holds \d+ of 16384 bytes was refused \d+ more$', text, re.M), text
    assert re.search(r'^@failures\[budget\]: [1-9]', text, re.M), text
    assert re.search(r'^@large_bytes\[input, 2\]: [1-9]', text, re.M), text
    # Everything that was taken after the first block came back.
    assert re.findall(r'^@blocks_out: (-?\d+)', text, re.M)[-1] == '0', text
    assert re.findall(r'^@larges_out: (-?\d+)', text, re.M)[-1] == '0', text
    server.expect('budget')
