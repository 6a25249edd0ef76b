"""The file host: it wants the bot's token, and shows a login page to whoever has none."""

from typing import Literal

from aiohttp import web

from tests.sandbox.slack_api import Credentials
from tests.sandbox.slack_faults import Faults, Reset, Slow, Status, cut, send_slowly, status_response
from tests.sandbox.slack_workspace import TEAM, Download, StoredFile, Workspace

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Login | Slack</title></head><body>Sign in to Sandbox</body></html>"


class FileHost:
    """GET /files-pri/{team}-{file}/{name} and /files-tmb/{team}-{file}/{rendition}.{suffix}."""

    def __init__(self, workspace: Workspace, credentials: Credentials, faults: Faults) -> None:
        self._workspace = workspace
        self._credentials = credentials
        self._faults = faults
        self.login: Literal["page", "redirect"] = "page"
        # Where Enterprise Grid keeps the bytes: this host redirects there, and that one wants the token again.
        self.origin = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.next("files")
        if isinstance(fault, Status | Reset):
            self._log(request, None, None, "fault")
            return status_response(fault) if isinstance(fault, Status) else cut(request)
        file = self._workspace.files.get(request.match_info["place"].removeprefix(f"{TEAM}-"))
        if not self._may_read(request):
            return self._turn_away(request, file)
        found = _find(file, request.match_info["kind"], request.match_info["name"]) if file else None
        if file is None or found is None or file.deleted:
            self._log(request, file, None, "not found")
            return web.Response(status=404, text="not found")
        what, body, content_type = found
        if self.origin and not self.origin.endswith(f"{request.host}/"):
            self._log(request, file, what, "redirect to origin")
            return web.Response(status=302, headers={"Location": self.origin.rstrip("/") + request.path})
        self._log(request, file, what, "sent")
        if isinstance(fault, Slow):
            return await send_slowly(request, body, content_type, fault)
        return web.Response(body=body, content_type=content_type)

    def _may_read(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        return header == f"Bearer {self._credentials.bot_token}" and "files:read" in self._credentials.scopes

    def _turn_away(self, request: web.Request, file: StoredFile | None) -> web.Response:
        """Answer as Slack answers a wrong token: no 401 nor 403, but the login page (or the way to it)."""
        if self.login == "redirect":
            self._log(request, file, None, "redirect to login")
            return web.Response(status=302, headers={"Location": f"/login?redir={request.path}"})
        self._log(request, file, None, "login page")
        return web.Response(text=LOGIN_PAGE, content_type="text/html")

    async def show_login(self, request: web.Request) -> web.Response:
        self._log(request, None, None, "login page")
        return web.Response(text=LOGIN_PAGE, content_type="text/html")

    def _log(
        self,
        request: web.Request,
        file: StoredFile | None,
        what: str | None,
        outcome: Literal["sent", "login page", "redirect to login", "redirect to origin", "not found", "fault"],
    ) -> None:
        with self._workspace.changed:
            self._workspace.downloads.append(Download(request.path, file.id if file else None, what, outcome))
            self._workspace.changed.notify_all()


def _find(file: StoredFile, kind: str, name: str) -> tuple[str, bytes, str] | None:
    if kind == "files-pri":
        content_type = str(file.info["mimetype"]) or "application/octet-stream"
        return ("original", file.data, content_type) if name == file.info["name"] else None
    for rendition in file.renditions:
        if name == f"{rendition.name}.{rendition.suffix}":
            return rendition.name, rendition.data, rendition.media_type
    return None
