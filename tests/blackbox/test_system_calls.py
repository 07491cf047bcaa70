# SPDX-License-Identifier: BSD-2-Clause
"""A short form of `make faults`: some of the Nth system calls fail, and the server is as ever when the fault is over.
Which errors a call may give is said by the kernel's manual (section 2)."""

import pytest

from tests.fault import calls
from tests.harness import instance

pytestmark = [pytest.mark.ours, pytest.mark.plain,
              pytest.mark.skipif(not calls.STRACE or instance.WRAPPER, reason='no strace')]

# Call, error, N in each thread. epoll_ctl: a wake-up of the main thread, signals, wake-ups of workers, listeners,
# connections of all kinds.
CASES = [('epoll_ctl', error, number) for error in ('ENOSPC', 'ENOMEM') for number in (1, 2, 3, 4, 5, 6, 8, 10, 13)] + [
    ('epoll_create1', 'EMFILE', 1), ('epoll_wait', 'EINTR', 3), ('epoll_wait', 'ENOMEM', 4), ('eventfd2', 'EMFILE', 1),
    ('signalfd4', 'EMFILE', 1), ('accept4', 'EMFILE', 1), ('accept4', 'ECONNABORTED', 2), ('socket', 'EMFILE', 2),
    ('listen', 'EADDRINUSE', 2), ('clone3', 'EAGAIN', 1), ('clone3', 'EAGAIN', 3), ('write', 'EIO', 2), ('write', 'EIO', 5),
    ('read', 'EIO', 9), ('chmod', 'EPERM', 1), ('rt_sigprocmask', 'EINVAL', 1), ('dup3', 'EMFILE', 1),
    ('recvfrom', 'ECONNRESET', 2), ('sendfile', 'EIO', 1), ('openat', 'EMFILE', 12), ('mmap', 'ENOMEM', 12)]


@pytest.fixture(scope='module', autouse=True)
def allowed(tmp_path_factory):
    """A life without a failure. In some containers nobody may trace."""
    try:
        if not calls.life(tmp_path_factory.mktemp('allowed') / 'life', 'epoll_ctl'):
            pytest.skip('strace counts nothing here')
    except calls.Trouble as trouble:
        if 'ptrace' in str(trouble):
            pytest.skip('strace may not attach here')
        raise


# Between a supervisor and its server: neither waits for a word that was lost, neither spins. N+: from N on.
SUPERVISED = [('sendmsg', 'ENOMEM', '1'), ('sendmsg', 'ENOBUFS', '1+'), ('sendmsg', 'EAGAIN', '3'), ('recvmsg', 'ENOMEM', '2'),
              ('recvmsg', 'ENOMEM', '1+'), ('recvfrom', 'ENOMEM', '1'), ('poll', 'ENOMEM', '3'), ('poll', 'ENOMEM', '1+'),
              ('wait4', 'EINTR', '11'), ('wait4', 'EINTR', '12'),
              ('socketpair', 'EMFILE', '1'), ('socketpair', 'EMFILE', '2'), ('clone', 'EAGAIN', '1+'),
              ('clone3', 'EAGAIN', '3'), ('prctl', 'EINVAL', '1+'), ('seccomp', 'EINVAL', '1')]


@pytest.mark.parametrize('call, error, number', CASES)
def test_one_call_fails(tmp_path, call, error, number):
    calls.life(tmp_path / 'life', call, error, str(number))


@pytest.mark.parametrize('call, error, when', SUPERVISED)
def test_with_a_supervisor(tmp_path, call, error, when):
    calls.life(tmp_path / 'life', call, error, when, 'supervised')
