# SPDX-License-Identifier: BSD-2-Clause
"""pool_mode: the same server in every mode of its pools, chosen in the configuration (without a rebuild)."""

import pytest

from tests.fault import session

pytestmark = pytest.mark.ours


@pytest.mark.parametrize('workers', [1, 3])
@pytest.mark.parametrize('mode', ['normal', 'poison', 'passthrough'])
def test_modes(server, mode, workers):
    """Keep-alive, large heads, bodies, pipelining, files and echo, twice, and a reload between them."""
    server.write('html/100k.txt', session.LARGE)
    server.write('html/index.html', 'index')
    text = f'pool_mode {mode};\n' + session.CONFIG
    server.configure(text.replace('@word@', 'old'), workers=workers)
    server.start()
    assert all(session.session(server))
    server.configure(text.replace('@word@', 'new'), workers=workers)
    server.reload(lambda: session.is_word(server, 'new'))
    assert all(session.session(server))


def test_mode_stays(server):
    """The mode is that of the start: a reload with another one says so and changes nothing."""
    server.configure('pool_mode normal; http { access_log off; server { listen 127.0.0.1:@http@; return 200 "old"; } }')
    server.start()
    server.configure('pool_mode poison; http { access_log off; server { listen 127.0.0.1:@http@; return 200 "new"; } }')
    server.kick(1)
    server.wait_log('pool_mode')
    assert server.get().status == 200
    server.expect('pool_mode')
