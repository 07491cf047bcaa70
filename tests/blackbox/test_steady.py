# SPDX-License-Identifier: BSD-2-Clause
"""In steady state the server asks the system for no memory: after a warm-up, strace sees no mmap, munmap,
brk, madvise or mremap over thousands of mixed requests; and what it holds does not grow. `make steady` runs
the same for longer."""
import shutil

import pytest

from tests.harness import steady

pytestmark = [pytest.mark.ours, pytest.mark.plain]


@pytest.mark.skipif(not shutil.which('strace'), reason='no strace')
@pytest.mark.parametrize('workers', [1, 2])
def test_no_system_call_for_memory(server, workers):
    steady.prepare(server, workers)
    # The warm-up is heavier than what is counted: four connections may peak together in either.
    steady.drive(server, 6)
    try:
        calls, _ = steady.memory_calls(server, lambda: steady.drive(server, 3))
    except steady.NoTrace as reason:
        pytest.skip(f'strace may not attach here: {reason}')
    assert calls == []


def test_memory_does_not_grow(server):
    steady.prepare(server, 2)
    crowd = steady.Crowd(server, 200)
    crowd.until(10000)
    before = server.anonymous_kib()
    crowd.until(60000)
    assert server.anonymous_kib() <= before + 256
    crowd.close()


@pytest.mark.parametrize('kind', steady.STREAMS)
def test_a_long_answer_does_not_grow(server, kind):
    """Within one long answer buffers are used over again."""
    steady.prepare(server, 1)
    growth, peak = steady.stream(server, kind, 128 << 20, (32 << 20, 0))
    assert growth <= steady.CHANCE[kind] and peak <= 256 << 10
