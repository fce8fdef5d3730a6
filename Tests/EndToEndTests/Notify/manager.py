"""A service manager, as far as it listens: prints each datagram that comes to a socket, one a line.

Usage: manager.py ADDRESS, as NOTIFY_SOCKET has it.
"""
import socket
import sys

address = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\0" + address[1:] if address[0] == "@" else address)
print("bound", flush=True)
while True:
    print(listener.recv(4096).decode().replace("\n", "|"), flush=True)
