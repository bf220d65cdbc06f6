"""The pages: static files of our own, read once. They show what the JSON API gives, as text nodes only."""

from pathlib import Path

from needlework.http.routes import PUBLIC, Endpoint, answering
from starlette.requests import Request
from starlette.responses import Response

START = "/ui"
_FOLDER = Path(__file__).with_name("pages")
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_LISTS = (
    "needle_movers", "accounts", "users", "conversations", "meetings", "tasks", "notes", "reports", "runners", "topics",
    "messages", "dead",
)  # fmt: skip
_ADDRESSES = {
    "overview.html": (START,),
    "login.html": ("/login",),
    "docs.html": ("/docs",),
    "icon.svg": ("/favicon.ico",),
    "list.html": tuple(f"/ui/{name}" for name in _LISTS),
}


class Pages:
    """A route for each address of a file. The pages hold nothing that is anybody's, so they need no token."""

    def endpoints(self) -> list[Endpoint]:
        """Every route of this file."""
        return [
            _endpoint(file, path)
            for file in sorted(_FOLDER.iterdir())
            if file.suffix in _MEDIA
            for path in _ADDRESSES.get(file.name, (f"/ui/{file.name}",))
        ]


def _endpoint(file: Path, path: str) -> Endpoint:
    body, media = file.read_bytes(), _MEDIA[file.suffix]

    async def page(request: Request) -> Response:
        return Response(body, media_type=media, headers={"cache-control": "no-cache"})

    return Endpoint(
        method="GET", path=path, app=answering(page), permission=PUBLIC, summary=f"Page file {file.name}",
        tag="pages", page=file.suffix == ".html", media=media.partition(";")[0],
    )  # fmt: skip
