"""A proxy before the engine. A test breaks its connections by the request that they carry, with an end or with a reset."""
import os
import re
import selectors
import socket
import struct
import threading

from dindtest import engine


class Connection:
    def __init__(self, client):
        self.client = client
        connection = engine.connection()
        connection.connect()
        self.engine, connection.sock = connection.sock, None  # closed by `end`, not with the object
        self.asked = ""
        self.replied = 0  # bytes of the reply to what was asked last
        for each in (client, self.engine):
            each.settimeout(30)

    def other(self, sock):
        return self.engine if sock is self.client else self.client


class CutProxy:
    """`address` is the engine's for the program under test. `close` ends everything."""

    def __init__(self, cut_at_once=None, reset=False, after=None):
        self.cut_at_once = cut_at_once  # a request with this text: its connection breaks with the reply
        self.after = after  # after so many bytes of the reply; None: after its first bytes
        self.reset = reset
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = set()
        self.wanted = []  # (text, reset, event, [how many])
        self.stopping = False
        self.selector = selectors.DefaultSelector()
        self.wake, self.waker = os.pipe()
        self.selector.register(self.wake, selectors.EVENT_READ)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.stopping:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self.begin(Connection(self.listener.accept()[0]))
                elif key.fileobj == self.wake:
                    os.read(self.wake, 4096)
                    self.cut_wanted()
                elif key.data in self.connections:
                    self.pass_on(key.data, key.fileobj)
        for each in list(self.connections):
            self.end(each)

    def begin(self, connection):
        self.connections.add(connection)
        for each in (connection.client, connection.engine):
            self.selector.register(each, selectors.EVENT_READ, connection)

    def pass_on(self, connection, source):
        try:
            data = source.recv(65536)
            if not data:
                self.selector.unregister(source)
                connection.other(source).shutdown(socket.SHUT_WR)
                if not any(each in self.selector.get_map() for each in (connection.client, connection.engine)):
                    self.end(connection)
                return
            if source is connection.client and re.match(rb"[A-Z]+ /", data):
                connection.replied = 0
                connection.asked += data.split(b"\r\n")[0].decode() + "\n"
            if source is connection.engine:
                if self.after is not None and self.cut_at_once in connection.asked.splitlines()[-1]:
                    data = data[:self.after - connection.replied]
                connection.replied += len(data)
            connection.other(source).sendall(data)
        except OSError:
            self.end(connection)
            return
        if source is connection.engine and self.cut_at_once and self.cut_at_once in connection.asked and (self.after is None or connection.replied >= self.after):
            self.end(connection, self.reset)

    def end(self, connection, reset=False):
        self.connections.discard(connection)
        if reset:  # a close sends a reset then
            connection.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for each in (connection.client, connection.engine):
            if each in self.selector.get_map():
                self.selector.unregister(each)
            each.close()

    def cut_wanted(self):
        while self.wanted:
            text, reset, done, count = self.wanted.pop()
            for each in [each for each in self.connections if text in each.asked]:
                self.end(each, reset)
                count.append(each)
            done.set()

    def cut(self, text, reset=False):
        """Breaks the connections that carried a request with this text. Returns their number."""
        done, count = threading.Event(), []
        self.wanted.append((text, reset, done, count))
        os.write(self.waker, b".")
        if not done.wait(30):
            raise TimeoutError("the proxy does not answer")
        return len(count)

    def close(self):
        self.stopping = True
        os.write(self.waker, b".")
        self.thread.join(30)
        self.selector.close()
        self.listener.close()
        os.close(self.wake)
        os.close(self.waker)
