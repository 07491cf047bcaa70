# SPDX-License-Identifier: BSD-2-Clause
"""A short form of `make sweep`: some of the Nth calls for memory fail, spread over a whole life of the
server."""

import pytest

from tests.fault import session

pytestmark = pytest.mark.ours


@pytest.fixture(scope='module')
def calls(tmp_path_factory):
    """How often each point is passed in a life in which nothing fails."""
    fault = ','.join(f'{point}:0' for point in session.POINTS)
    seen, counted = session.life(tmp_path_factory.mktemp('count'), fault)
    assert not seen and set(counted) == set(session.POINTS)
    return counted


# Places in a life, in parts of a thousand; the first calls of all are worth a case each.
PLACES = [0, 1, 2, 3] + [60, 190, 310, 420, 530, 610, 700, 790, 880, 950]


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('point', session.POINTS)
def test_one_call_fails(tmp_path, calls, point, place):
    number = place + 1 if place < 10 else max(1, calls[point] * place // 1000)
    session.life(tmp_path / 'life', f'{point}:{number}')


@pytest.mark.parametrize('place', [0, 250, 500, 900])
@pytest.mark.parametrize('point', session.POINTS)
def test_all_calls_fail_from_one_on(tmp_path, calls, point, place):
    session.life(tmp_path / 'life', f'{point}:{max(1, calls[point] * place // 1000)}+', persistent=True)


def test_unknown_fault_is_refused(server):
    """A switch that is misspelt must not pass for one that is set."""
    server.http('server { listen 127.0.0.1:@http@; }')
    server.refuses_to_start('TIDEPOOL_FAULT', env={'TIDEPOOL_FAULT': 'system:x'})
