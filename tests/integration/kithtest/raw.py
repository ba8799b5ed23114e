"""raw.py - native frames over one blocking socket: for tests of single connections."""
import socket

from .schema import frame, session


class Raw:
    """A connection that does exactly what it is told."""

    def __init__(self, address, timeout=20, receive_buffer=None):
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(tuple(address))
        self.number = 0
        self.news = []

    def post(self, **body):
        """Sends one request without waiting; its id."""
        self.number += 1
        self.bytes(self.encode(self.number, **body))
        return self.number

    @staticmethod
    def encode(number, **body):
        data = frame.Request(id=number, **body).SerializeToString()
        return len(data).to_bytes(4, "big") + data

    def bytes(self, data):
        self.socket.sendall(data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("closed by the server")
            data += more
        return data

    def receive(self):
        """The next frame; EOFError at the end, OSError when reset or after the timeout."""
        return frame.Reply.FromString(self.exactly(int.from_bytes(self.exactly(4), "big")))

    def answer(self, number):
        """The reply to a request; what else comes is kept in `news`."""
        while True:
            reply = self.receive()
            if reply.id == number:
                return reply
            self.news.append(reply)

    def request(self, **body):
        return self.answer(self.post(**body))

    def hello(self):
        return self.request(hello=session.Hello(version_min=1, version_max=1, client="raw"))

    def login(self, name, password):
        self.hello()
        reply = self.request(login_password=session.LoginPassword(
            name=name, password=password, device_name="raw"))
        assert reply.WhichOneof("body") == "logged_in", reply
        return reply.logged_in

    def resume(self, token):
        self.hello()
        return self.request(login_token=session.LoginToken(token=token))

    def until_closed(self):
        """Reads on to the end of the stream; all frames on the way."""
        frames = []
        try:
            while True:
                frames.append(self.receive())
        except EOFError:
            return frames

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
