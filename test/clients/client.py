"""Opens WebSockets with the library `websockets` as the tests say.

Commands come as JSON, one a line, on standard input; what happens goes to
standard output in the same form. `id` tells connections apart.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus


def report(**event):
    print(json.dumps(event), flush=True)


async def run(number, command, sockets):
    try:
        socket = await connect(
            command["url"],
            subprotocols=command.get("subprotocols"),
            additional_headers=command.get("headers"),
            max_size=None,
            proxy=None,
        )
    except InvalidStatus as refused:
        report(id=number, event="refused", status=refused.response.status_code)
        return
    except Exception as failed:
        report(id=number, event="failed", text=repr(failed))
        return
    sockets[number] = socket
    report(
        id=number,
        event="open",
        subprotocol=socket.subprotocol or "",
        extensions=socket.response.headers.get("Sec-WebSocket-Extensions", ""),
        offered=socket.request.headers.get("Sec-WebSocket-Extensions", ""),
    )
    try:
        while True:
            report(id=number, event="message", text=await socket.recv(decode=True))
    except ConnectionClosed:
        clean = socket.protocol.close_rcvd is not None and socket.protocol.close_sent is not None
        report(id=number, event="close", code=socket.close_code, reason=socket.close_reason, clean=clean)


async def obey(command, socket):
    match command["do"]:
        case "send":
            await socket.send(command["text"])
        case "sendParts":  # one message in as many frames
            await socket.send(command["parts"])
        case "sendBinary":
            await socket.send(command["text"].encode())
        case "ping":
            answered = await socket.ping()
            await answered
            report(id=command["id"], event="pong")
        case "close":
            await socket.close(command["code"], command["reason"])


async def main():
    sockets, tasks = {}, set()
    lines = asyncio.StreamReader(limit=1 << 24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        if command["do"] == "open":
            task = asyncio.create_task(run(command["id"], command, sockets))
        else:
            task = asyncio.create_task(obey(command, sockets[command["id"]]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
