"""The small part of the Hugging Face hub's API that its client needs to publish and to fetch."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from policies.compiled_policy import CompiledPolicy

TOKEN = "hf_secret"


class Hub(ThreadingHTTPServer):
    """Repositories in memory: files by commit, commits by branch."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, dict[str, str]] = {}
        self.commits: dict[str, dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def commit(self, repo: str, branch: str, files: dict[str, bytes]) -> str:
        """Put files beside those of the branch."""
        content = self.commits.get(self.repos[repo].get(branch, ""), {}) | files
        text = repr((repo, branch, len(self.commits), sorted(content.items())))
        sha = hashlib.sha1(text.encode()).hexdigest()
        self.commits[sha], self.repos[repo][branch] = content, sha
        return sha

    def files(self, repo: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        sha = self.repos.get(repo, {}).get(revision, revision)
        return (sha, self.commits[sha]) if sha in self.commits and repo in self.repos else None


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.tokens.add(self.headers.get("Authorization"))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Invalid username or password."})
        path = self.path.partition("?")[0]
        if path == "/api/repos/create":
            wanted = json.loads(body)
            repo = f"{wanted['organization']}/{wanted['name']}"
            if repo in self.server.repos:
                return self.answer(409, {"url": f"{self.server.url}/{repo}"})
            self.server.repos[repo] = {}
            if wanted.get("private") or wanted.get("visibility") == "private":
                self.server.private.add(repo)
            self.server.commit(repo, "main", {".gitattributes": b""})
            return self.answer(200, {"url": f"{self.server.url}/{repo}"})
        if path == "/api/validate-yaml":
            known = json.loads(body)["content"].startswith("---\nlibrary_name")
            return self.answer(200 if known else 400, {"errors": [], "warnings": []})
        _, _, _, user, name, what, revision = path.split("/", 6)
        repo = f"{user}/{name}"
        if what == "preupload":
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            return self.answer(200, {"files": modes})
        if what == "branch":
            self.server.repos[repo].setdefault(revision, self.server.repos[repo]["main"])
            return self.answer(200, {})
        lines = [json.loads(line) for line in body.splitlines()]
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        sha = self.server.commit(repo, revision, files)
        url = f"{self.server.url}/{repo}/commit/{sha}"
        return self.answer(200, {"commitUrl": url, "commitOid": sha})

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].strip("/")
        parts = path.removeprefix("api/models/").split("/")
        if len(parts) < 4:
            return self.answer(404, {"error": "not found"})
        repo, what, revision, *rest = f"{parts[0]}/{parts[1]}", *parts[2:]
        found = self.server.files(repo, revision)
        if found is None:
            code = "RevisionNotFound" if repo in self.server.repos else "RepoNotFound"
            return self.answer(404, {"error": "not found"}, {"X-Error-Code": code})
        sha, files = found
        if what == "revision":
            siblings = [{"rfilename": name} for name in files]
            return self.answer(200, {"id": repo, "sha": sha, "siblings": siblings})
        if what == "tree":
            listing = [
                {"type": "file", "path": name, "size": len(c), "oid": hashlib.sha1(c).hexdigest()}
                for name, c in files.items()
            ]
            return self.answer(200, listing)
        content = files["/".join(rest)]
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        return self.answer(200, content, {"ETag": etag, "X-Repo-Commit": sha})

    do_HEAD = do_GET  # noqa: N815

    def answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Hub]:
    """Run a hub for a while."""
    with Hub() as hub:
        thread = Thread(target=hub.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


def held(folder: Path) -> dict[str, bytes]:
    """Files of a folder by their path in it."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def weights_hash(folder: Path) -> str:
    return CompiledPolicy.load(folder).weights_hash
