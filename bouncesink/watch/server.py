"""The watching listener: /metrics, /healthz, /readyz and /trace over HTTP, by aiohttp on our own loop.

Promises: it is there before mail is let in and until the last session has gone, so that readiness can say no while we drain;
an answer in JSON names every check with its reason, 200 where all hold and 503 where one does not. /trace, which changes
something, obeys programs on this machine alone: never another machine, and never a page in somebody's browser.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

from aiohttp import web

from bouncesink.config.sections import WatchSection
from bouncesink.config.watch import Place, places
from bouncesink.errors import ConfigError
from bouncesink.observe import log
from bouncesink.observe.metrics import Exposition
from bouncesink.observe.trace import MOST_LINES, MOST_MINUTES, TRACES, Trace, parse_peers
from bouncesink.watch.readiness import Check, Readiness
from bouncesink.watch.readings import readings
from bouncesink.watch.sampling import Sampler
from bouncesink.watch.subject import Subject

_SHUTDOWN_SECONDS = 1.0
_INDEX = """bouncesink: what can be watched here

GET /metrics     for Prometheus
GET /healthz     200 while this process is worth keeping
GET /readyz      200 while mail should be sent here
GET /trace       traces that run; POST begins one, DELETE ends it (bouncesink trace)
"""


@asynccontextmanager
async def serving(section: WatchSection, subject: Subject) -> AsyncIterator[None]:
    """Serve at every place of ``section.listen``, or raise ConfigError with every problem and serve nowhere."""
    readiness = Readiness(subject, section.free_floor)
    sampler = Sampler(subject.store, section.count_seconds, readiness)
    answers = _Answers(readiness, Exposition(subject.all_tallied, readings(subject, readiness, sampler)))
    runner = web.AppRunner(answers.application(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await _listen(runner, places(section))
        log.watch_started(listening=[f"http://{_spelled(*address[:2])}" for address in runner.addresses])
        async with sampler.running():
            yield
    finally:
        for trace in TRACES.running():
            TRACES.end(str(trace), "the server stops")
        await runner.cleanup()


async def _listen(runner: web.AppRunner, where: Sequence[Place]) -> None:
    problems = []
    for host, port in where:
        try:
            await web.TCPSite(runner, host, port, reuse_address=True).start()
        except OSError as error:
            problems.append(f"watch.listen: {_spelled(host, port)}: {error.strerror or error}: choose another place")
    if problems:
        raise ConfigError(tuple(problems))


def _spelled(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Answers:
    def __init__(self, readiness: Readiness, exposition: Exposition) -> None:
        self._readiness = readiness
        self._exposition = exposition

    def application(self) -> web.Application:
        application = web.Application(client_max_size=4_096)
        application.router.add_get("/", self.index)
        application.router.add_get("/metrics", self.metrics)
        application.router.add_get("/healthz", self.healthz)
        application.router.add_get("/readyz", self.readyz)
        application.router.add_get("/trace", self.traces)
        application.router.add_post("/trace", self.begin_trace)
        application.router.add_delete("/trace", self.end_trace)
        return application

    async def index(self, _: web.Request) -> web.Response:
        return web.Response(text=_INDEX)

    async def metrics(self, request: web.Request) -> web.Response:
        await self._readiness.look()
        body, content_type = self._exposition.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def healthz(self, _: web.Request) -> web.Response:
        return _answer(self._readiness.health(), "healthy", "unhealthy")

    async def readyz(self, _: web.Request) -> web.Response:
        return _answer(await self._readiness.look(), "ready", "not ready")

    async def traces(self, request: web.Request) -> web.Response:
        _refuse_strangers(request)
        return web.json_response([_told(trace) for trace in TRACES.running()])

    async def begin_trace(self, request: web.Request) -> web.Response:
        _refuse_strangers(request)
        try:
            peers = parse_peers(request.query.get("peer", ""))
            minutes = _bounded(request, "minutes", 10, MOST_MINUTES)
            lines = _bounded(request, "lines", 2_000, MOST_LINES)
            trace = TRACES.begin(peers, minutes, lines)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        return web.json_response(_told(trace))

    async def end_trace(self, request: web.Request) -> web.Response:
        _refuse_strangers(request)
        try:
            peers = str(Trace(parse_peers(request.query.get("peer", "")), 0, 0))
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        if not TRACES.end(peers):
            raise web.HTTPNotFound(text=f"no trace of {peers} runs\n")
        return web.json_response({"peers": peers, "ended": True})


def _answer(checks: Sequence[Check], good: str, bad: str) -> web.Response:
    holds = all(check.holds for check in checks)
    told = {check.name: {"ok": check.holds, "detail": check.detail} for check in checks}
    return web.json_response({"status": good if holds else bad, "checks": told}, status=200 if holds else 503)


def _told(trace: Trace) -> dict[str, object]:
    left = max(0.0, trace.until - asyncio.get_running_loop().time())
    return {"peers": str(trace), "seconds_left": round(left, 1), "lines": trace.lines, "lines_left": trace.lines_left}


def _bounded(request: web.Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= most and len(text) < 10):
        raise ValueError(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def _refuse_strangers(request: web.Request) -> None:
    """A browser tells where a page is from by Origin, and by Host what it took us for: a name that was led here is no address
    of this machine.
    """
    peer = request.transport.get_extra_info("peername") if request.transport else None
    host = request.host.rsplit(":", 1)[0].strip("[]") if not request.host.endswith("]") else request.host.strip("[]")
    if not peer or not ip_address(peer[0].partition("%")[0]).is_loopback:
        raise web.HTTPForbidden(text="traces are for programs on this machine\n")
    if "Origin" in request.headers or not (host == "localhost" or _is_loopback(host)):
        raise web.HTTPForbidden(text="traces are not for pages in a browser\n")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
