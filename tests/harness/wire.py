# SPDX-License-Identifier: BSD-2-Clause
"""A raw-socket HTTP/1.1 client that believes nothing: every byte of an answer has to be where RFC 9112 puts
it."""
import os
import re
import select
import socket
import time

# Sanitizers and valgrind slow everything down; no test asserts a duration, they only need patience.
PATIENCE = float(os.environ.get('TIDEPOOL_PATIENCE', '20'))

STATUS_LINE = re.compile(rb'HTTP/1\.1 ([1-5][0-9]{2}) ([\t\x20-\x7e]*)\Z')
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*\Z")
CHUNK_LINE = re.compile(rb'([0-9A-Fa-f]{1,16})\Z')


class ProtocolError(AssertionError):
    """The answer is not HTTP/1.1 as the RFC writes it."""


class Closed(ProtocolError):
    """The peer closed (or reset) before the answer was complete; `got` is what had come."""

    def __init__(self, text, got=b''):
        super().__init__(f'{text}; so far: {got[:300]!r}')
        self.got = got


class Response:
    def __init__(self, status, reason, fields):
        self.status, self.reason, self.fields, self.body = status, reason, fields, b''

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name):
        """The value of a field that may stand only once, or None."""
        values = self.all(name)
        if len(values) > 1:
            raise ProtocolError(f'{name} stands {len(values)} times')
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode('utf-8')

    def __repr__(self):
        return f'<{self.status} {self.reason} {self.fields} {self.body[:200]!r}>'


def request(method='GET', target='/', fields=(), body=None, host='localhost', version='1.1'):
    """The bytes of a request. Content-Length is added for a body unless the fields already say how it is
    framed."""
    lines = [f'{method} {target} HTTP/{version}']
    if host is not None:
        lines.append(f'Host: {host}')
    lines += [f'{name}: {value}' for name, value in fields]
    framed = any(name.lower() in ('content-length', 'transfer-encoding') for name, _ in fields)
    if body is not None and not framed:
        lines.append(f'Content-Length: {len(body)}')
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1') + (body or b'')


def chunked(*chunks, trailers=b''):
    """A body in chunks (RFC 9112 7.1)."""
    return b''.join(b'%x\r\n%s\r\n' % (len(chunk), chunk) for chunk in chunks) + b'0\r\n' + trailers + b'\r\n'


class Client:
    """One connection. Use it in `with`, so that no test leaves a descriptor behind."""

    def __init__(self, address, patience=PATIENCE, narrow=False, source=None):
        """`narrow`: small segments and a small window, so that the peer's kernel buffers little of what is not read
        (until widen). `source`: the address that it comes from."""
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket(socket.AF_INET6 if ':' in address[0] else socket.AF_INET)
        self.socket.settimeout(patience)
        if narrow:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(address)
        if self.socket.family != socket.AF_UNIX:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def widen(self):
        """What follows is to be read: the window opens."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        return self

    def close(self):
        self.socket.close()

    def reset(self):
        """Vanish: an RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        self.socket.close()

    # Sending

    def send(self, data):
        self.socket.sendall(data)
        return self

    def send_split(self, data, at):
        """Two writes that the server has to see apart: between them it has had the time to read the first."""
        self.send(data[:at])
        self.settle()
        self.send(data[at:])
        return self

    def send_slowly(self, data, step=1):
        for at in range(0, len(data), step):
            self.send(data[at:at + step])
            self.settle()
        return self

    def settle(self):
        """Returns when the peer's kernel has taken all we sent (SIOCOUTQ is 0) and its loop had a moment to
        read it."""
        import fcntl
        import termios
        if self.socket.family != socket.AF_UNIX:
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                if int.from_bytes(fcntl.ioctl(self.socket, termios.TIOCOUTQ, b'\0\0\0\0'), 'little') == 0:
                    break
        time.sleep(0.0003)

    def finish(self):
        """Shuts our sending side."""
        self.socket.shutdown(socket.SHUT_WR)
        return self

    # Receiving

    def fill(self):
        """Receives something more; false at the end of the stream."""
        try:
            data = self.socket.recv(262144)
        except ConnectionError as error:
            raise Closed(f'{error}', self.buffer) from None
        except socket.timeout:
            raise ProtocolError(f'nothing came for {self.socket.gettimeout():.0f} s; so far: {self.buffer[:300]!r}') from None
        self.buffer += data
        return bool(data)

    def line(self):
        while b'\n' not in self.buffer:
            if not self.fill():
                raise Closed('closed within a line', self.buffer)
        line, self.buffer = self.buffer.split(b'\n', 1)
        if not line.endswith(b'\r') or b'\r' in line[:-1]:
            raise ProtocolError(f'line not ended by CRLF alone: {line!r}')
        return line[:-1]

    def exactly(self, count):
        parts, have = [self.buffer], len(self.buffer)
        self.buffer = b''
        while have < count:
            if not self.fill():
                raise Closed(f'closed after {have} of {count} bytes', b''.join(parts)[:300])
            parts.append(self.buffer)
            have += len(self.buffer)
            self.buffer = b''
        data = b''.join(parts)
        self.buffer = data[count:]
        return data[:count]

    def rest(self):
        """All bytes until the peer closes."""
        parts = []
        while True:
            more = self.fill()
            parts.append(self.buffer)
            self.buffer = b''
            if not more:
                return b''.join(parts)

    def head(self):
        line = self.line()
        match = STATUS_LINE.match(line)
        if not match:
            raise ProtocolError(f'not a status line: {line!r}')
        fields = []
        while True:
            line = self.line()
            if not line:
                break
            field = FIELD_LINE.match(line)
            if not field:
                raise ProtocolError(f'not a field line: {line!r}')
            fields.append((field.group(1).decode(), field.group(2).decode('latin-1')))
        return Response(int(match.group(1)), match.group(2).decode(), fields)

    def response(self, method='GET', interim=()):
        """The next final answer with its body by its framing (RFC 9112 6.3). `interim` lists the 1xx that
        must come first."""
        for status in interim:
            answer = self.head()
            if answer.status != status or answer.get('Content-Length') or answer.get('Transfer-Encoding'):
                raise ProtocolError(f'expected {status} without framing, got {answer}')
        answer = self.head()
        if answer.status < 200:
            raise ProtocolError(f'unexpected {answer.status}')
        length, coding = answer.get('Content-Length'), answer.get('Transfer-Encoding')
        if length is not None and coding is not None:
            raise ProtocolError('Content-Length beside Transfer-Encoding (RFC 9112 6.2)')
        if length is not None and not re.fullmatch('[0-9]+', length):
            raise ProtocolError(f'Content-Length: {length!r}')
        if answer.status == 204 and (length is not None or coding is not None):
            raise ProtocolError('204 with framing (RFC 9110 8.6, RFC 9112 6.1)')
        if method == 'HEAD' or answer.status in (204, 304):
            return answer
        if coding is not None:
            if coding.lower() != 'chunked':
                raise ProtocolError(f'Transfer-Encoding: {coding}')
            answer.body = self.chunks()
        elif length is not None:
            answer.body = self.exactly(int(length))
        else:
            answer.body = self.rest()
        return answer

    def chunks(self):
        body = b''
        while True:
            line = self.line()
            match = CHUNK_LINE.match(line)
            if not match:
                raise ProtocolError(f'not a chunk line: {line!r}')
            size = int(match.group(1), 16)
            if size == 0:
                if self.line() != b'':
                    raise ProtocolError('trailers that nobody asked for')
                return body
            body += self.exactly(size)
            if self.exactly(2) != b'\r\n':
                raise ProtocolError('chunk not ended by CRLF')

    def expect_close(self):
        """The peer closes, and sends nothing more before that."""
        try:
            rest = self.rest()
        except Closed as closed:
            rest = closed.got
        if rest:
            raise ProtocolError(f'bytes after the last answer: {rest[:300]!r}')

    def expect_open(self):
        """The peer has neither sent nor closed anything."""
        if self.buffer or select.select([self.socket], [], [], 0.05)[0]:
            raise ProtocolError(f'not idle: {self.buffer or self.socket.recv(300)!r}')

    def ask(self, *args, **kwargs):
        """Sends a request and returns its answer."""
        method = kwargs.get('method') or (args[0] if args else 'GET')
        return self.send(request(*args, **kwargs)).response(method)
