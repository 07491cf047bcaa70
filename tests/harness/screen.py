# SPDX-License-Identifier: BSD-2-Clause
"""A program in a terminal: a pty and as much of a VT100 as `tidepool top` speaks. An escape that is not known is a
failure, so that nothing unexpected reaches a terminal unseen."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from tests.harness.wire import PATIENCE

ESCAPE = re.compile(rb'\x1b\[(\?1049[hl]|\?25[hl]|H|K|J|0m|1m|2m|7m|3[1-6]m)')


class Screen:
    def __init__(self, command, lines=24, columns=100, **environment):
        self.master, slave = pty.openpty()
        self.size(lines, columns)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.PIPE,
                                        start_new_session=True, env=dict(os.environ, **environment))
        self.slave = slave
        self.cells, self.at, self.alternate, self.cursor, self.raw = [], (0, 0), False, True, b''
        self.pictures, self.styles, self.style = 0, [], ''
        self.clear()

    def clear(self):
        self.cells = [''] * self.lines
        self.styles = [''] * self.lines

    def grey(self):
        """Whether all lines below the first are drawn so."""
        return all('2' in style for line, style in zip(self.cells[1:], self.styles[1:]) if line)

    def size(self, lines, columns):
        self.lines, self.columns = lines, columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))

    def resize(self, lines, columns):
        self.size(lines, columns)
        self.clear()
        self.process.send_signal(signal.SIGWINCH)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def write(self, text):
        line, column = self.at
        assert column + len(text) <= self.columns, (column, text)
        self.cells[line] = self.cells[line][:column].ljust(column) + text + self.cells[line][column + len(text):]
        self.at = (line, column + len(text))
        if not column:
            self.styles[line] = self.style

    def escape(self, name):
        line, column = self.at
        if name == b'H':
            self.at = (0, 0)
        elif name == b'K':
            self.cells[line] = self.cells[line][:column]
            if not column:
                self.styles[line] = ''
        elif name.endswith(b'm'):
            self.style = '' if name == b'0m' else self.style + name[:-1].decode()
        elif name == b'J':
            self.cells[line] = self.cells[line][:column]
            self.cells[line + 1:] = [''] * (self.lines - line - 1)
            self.pictures += 1
        elif name in (b'?1049h', b'?1049l'):
            self.alternate = name.endswith(b'h')
        elif name in (b'?25h', b'?25l'):
            self.cursor = name.endswith(b'h')

    def feed(self, data):
        self.raw += data
        while self.raw:
            found = ESCAPE.match(self.raw)
            if found:
                self.escape(found.group(1))
                self.raw = self.raw[found.end():]
            elif self.raw.startswith(b'\r'):
                self.at = (self.at[0], 0)
                self.raw = self.raw[1:]
            elif self.raw.startswith(b'\n'):
                assert self.at[0] + 1 < self.lines, 'the screen scrolls'
                self.at = (self.at[0] + 1, self.at[1])
                self.raw = self.raw[1:]
            elif self.raw.startswith(b'\x1b'):
                assert len(self.raw) < 8, self.raw[:20]
                return  # the rest is still to come
            else:
                text = re.match(rb'[^\x1b\r\n]+', self.raw).group()
                self.write(text.decode('ascii'))
                self.raw = self.raw[len(text):]

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            self.feed(os.read(self.master, 65536))
        except OSError:
            return False
        return True

    def wait(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition(self):
            assert time.monotonic() < end, f'{what}\n' + '\n'.join(self.cells)
            assert self.read(0.2) or self.process.poll() is None, f'ended before {what}: {self.errors()}'
        for _ in range(5):  # the rest of the same picture; there may be no end of others
            if not self.read(0.02):
                break
        return self

    def errors(self):
        return self.process.stderr.read().decode()

    def end(self):
        """The status, once it has ended; what it leaves of the terminal is looked at."""
        status = self.process.wait(PATIENCE)
        while self.read(0):
            pass
        assert not self.alternate and self.cursor
        assert termios.tcgetattr(self.slave) == self.before
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        os.close(self.slave)
        os.close(self.master)
