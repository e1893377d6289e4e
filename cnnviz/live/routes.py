"""The HTTP and websocket routes beside Streamlit's own: the live channel, stored recordings, Plotly and the panel's modules."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import plotly
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from cnnviz.live import channel
from cnnviz.live.channel import Channels, encode
from cnnviz.live.conversation import Conversation
from cnnviz.runners.base import Runner
from cnnviz.settings import Settings, settings
from cnnviz.store import Store

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
PANEL = Path(__file__).resolve().parent.parent / "ui" / "panel"
MEDIA = {".js": "text/javascript", ".css": "text/css"}
NOT_ALLOWED = 1008  # websocket close code: policy violation
FOREIGN = "The live channel is open to pages of this server only; this request came from another one."
DEFAULT_PORTS = {"http": 80, "https": 443}


def routes(
    runner: Runner, store: Store, channels: Channels | None = None, limits: Settings = settings, base_path: str = ""
) -> list[BaseRoute]:
    """The routes for `streamlit.App(routes=…)`. Nothing here knows Streamlit.

    base_path: under which the pages are served; the routes are there and, for a proxy that strips it, without it, too."""
    hub = channels or channel.shared()

    async def live(socket: WebSocket) -> None:
        await _live(socket, runner, hub, limits)

    async def recording(request: Request) -> Response:
        stored = await asyncio.to_thread(_recording, store, request.path_params["key"])
        return _answer(request, stored, "no-cache") if stored else _missing("There is no recording under this key.")

    async def plotly_js(request: Request) -> Response:
        body = await asyncio.to_thread(plotly_script)
        return _answer(request, body, "public, max-age=31536000, immutable")

    async def panel(request: Request) -> Response:
        name = request.path_params["file"]
        if name not in {path.name for path in PANEL.iterdir() if path.suffix in MEDIA}:
            return _missing("The panel has no such file.")
        return _answer(request, _file(PANEL / name), "no-cache")

    made: list[BaseRoute] = []
    for prefix in dict.fromkeys(("", f"/{base_path.strip('/')}".rstrip("/"))):
        made += [
            WebSocketRoute(f"{prefix}/cnnviz/live", live),
            Route(f"{prefix}/cnnviz/recording/{{key}}", recording),
            Route(f"{prefix}/cnnviz/plotly.min.js", plotly_js),
            Route(f"{prefix}/cnnviz/panel/{{file}}", panel),
        ]
    return made


@dataclass(frozen=True)
class Body:
    """A body as it is stored and sent: gzipped, with its media type and ETag."""

    zipped: bytes
    media: str
    etag: str


def _body(content: bytes, media: str) -> Body:
    zipped = gzip.compress(content, compresslevel=6, mtime=0)
    return Body(zipped, media, f'"{hashlib.sha256(content).hexdigest()[:20]}"')


def _recording(store: Store, key: str) -> Body | None:
    recording = store.get(key)
    return _zipped_recording(store, key, len(recording)) if recording is not None else None


@lru_cache(maxsize=256)  # all 170 of the presets, 6 MB, and a class's last runs
def _zipped_recording(store: Store, key: str, length: int) -> Body:
    """A recording never changes under its key; `length` sets apart one that was stored anew."""
    recording = store.get(key)
    assert recording is not None
    return _body(encode(recording.delta()).encode(), "application/json")


def plotly_script() -> Body:
    """Plotly as browsers get it. Compressing it takes a part of a second, once."""
    return _file(PLOTLY)


def _file(path: Path) -> Body:
    return _zipped_file(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _zipped_file(path: Path, changed: int) -> Body:
    return _body(path.read_bytes(), MEDIA[path.suffix])


def _answer(request: Request, body: Body, caching: str) -> Response:
    headers = {"ETag": body.etag, "Cache-Control": caching, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    if body.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(body.zipped, media_type=body.media, headers={**headers, "Content-Encoding": "gzip"})
    return Response(gzip.decompress(body.zipped), media_type=body.media, headers=headers)


def _missing(sentence: str) -> Response:
    return PlainTextResponse(sentence, status_code=404)


def own_origin(origin: str | None, host: str | None, client: str | None) -> bool:
    """Whether a websocket may be opened: from a page of this host and port, or, without an Origin, from this very machine."""
    if origin is None:
        return _is_loopback(client)
    try:
        page = urlsplit(origin)
        here = urlsplit(f"//{host}")
        default = DEFAULT_PORTS[page.scheme]
        return bool(host) and (page.hostname, page.port or default) == (here.hostname, here.port or default)
    except (KeyError, ValueError):
        return False


def _is_loopback(client: str | None) -> bool:
    try:
        return ip_address(client or "").is_loopback
    except ValueError:
        return False


async def _live(socket: WebSocket, runner: Runner, channels: Channels, limits: Settings) -> None:
    client = socket.client.host if socket.client else None
    if not own_origin(socket.headers.get("origin"), socket.headers.get("host"), client):
        await _refuse(socket)
        return
    await socket.accept()
    loop, woken = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # a loop that has just closed has nobody to wake
            loop.call_soon_threadsafe(woken.set)

    conversation = Conversation(runner, channels, limits.message_bytes, wake)
    speaking = asyncio.create_task(_speak(socket, conversation, woken))
    listening = asyncio.create_task(_listen(socket, conversation))
    try:
        await asyncio.wait({speaking, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        conversation.close()
        for task in (speaking, listening):
            task.cancel()
        await asyncio.gather(speaking, listening, return_exceptions=True)


async def _refuse(socket: WebSocket) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(PlainTextResponse(FOREIGN, status_code=403))
    else:
        await socket.close(NOT_ALLOWED, FOREIGN)


async def _listen(socket: WebSocket, conversation: Conversation) -> None:
    """Runs until the browser is gone. A long submit may not hold up the others, so it is heard in a thread."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        heard = message.get("text") or message.get("bytes") or ""
        await asyncio.to_thread(conversation.hear, heard)


async def _speak(socket: WebSocket, conversation: Conversation, woken: asyncio.Event) -> None:
    """Runs until the browser is gone or the conversation is over. A slow browser waits here alone."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await woken.wait()
            woken.clear()
            for text in conversation.news():
                await socket.send_text(text)
            if conversation.over:
                await socket.close(NOT_ALLOWED)
                return
            wait = conversation.due_in()
            if wait is not None:
                loop.call_later(wait, woken.set)
