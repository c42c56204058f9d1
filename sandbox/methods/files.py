"""files.* and the upload address: an upload can be shown only some time after it is completed."""

import mimetypes
import time
from typing import Any

from aiohttp import web

from sandbox.errors import Refusal
from sandbox.limits import is_ready
from sandbox.methods.directory import bot_channel
from sandbox.webapi import Arguments, Backend, method
from sandbox.workspace import Workspace, identify

Json = dict[str, Any]


def _file_object(file: Json) -> Json:
    hidden = ("completed", "uploaded", "ready_at", "length")
    shown = {key: value for key, value in file.items() if key not in hidden}
    return shown if is_ready(file) else {**shown, "mimetype": "", "filetype": "", "size": 0}


@method("files.getUploadURLExternal", scope="files:write", per_minute=100)
def get_upload_url(backend: Backend, arguments: Arguments) -> Json:
    """Announce a file; its bytes go to the address in the answer."""
    name, length, files = arguments.need("filename"), arguments.number("length", 0), backend.workspace.files
    file_id = identify("F", f"{name} {len(files)}")
    if length <= 0:
        raise Refusal("invalid_arguments", "must be a positive number: length")
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    files[file_id] = {
        "id": file_id, "name": name, "title": name, "mimetype": mimetype, "filetype": name.rsplit(".", 1)[-1],
        "user": backend.workspace.bot_user, "created": int(backend.workspace.now()), "size": length, "length": length,
        "alt_txt": arguments.get("alt_txt", ""), "url_private": f"{backend.url}/files/{file_id}/{name}",
        "uploaded": False, "completed": False, "ready_at": 0.0,
    }  # fmt: skip
    backend.workspace.changed()
    return {"file_id": file_id, "upload_url": f"{backend.url}/upload/v1/{file_id}"}


@method("files.completeUploadExternal", scope="files:write", per_minute=100)
def complete_upload(backend: Backend, arguments: Arguments) -> Json:
    """Finish uploads and, with `channel_id`, share them there."""
    workspace, done = backend.workspace, []
    for wanted in arguments.structure("files") or []:
        file = workspace.files.get(wanted["id"])
        if file is None or not file["uploaded"]:
            raise Refusal("file_not_found")
        file |= {"completed": True, "ready_at": time.time() + backend.processing_seconds}
        file["title"] = wanted.get("title") or file["title"]
        done.append(file)
    if not done:
        raise Refusal("invalid_arguments", "missing required field: files")
    if target := arguments.get("channel_id"):
        channel, text = bot_channel(backend, target), arguments.get("initial_comment") or ""
        shared = [{k: file[k] for k in ("id", "name", "title", "url_private", "mimetype")} for file in done]
        thread_ts = arguments.get("thread_ts")
        workspace.post(channel, workspace.bot_user, text=text, files=shared, thread_ts=thread_ts, subtype="file_share")
    workspace.changed()
    return {"files": [{"id": file["id"], "title": file["title"]} for file in done]}


@method("files.info", scope="files:read", per_minute=100)
def files_info(backend: Backend, arguments: Arguments) -> Json:
    """One file; `mimetype` is empty while it is being processed."""
    file = backend.workspace.files.get(arguments.need("file"))
    if file is None:
        raise Refusal("file_not_found")
    return {"file": _file_object(file)}


async def upload(workspace: Workspace, request: web.Request) -> web.Response:
    """Take the bytes of an announced file, sent raw or as a form."""
    file = workspace.files.get(request.match_info["file"])
    if file is None or file["completed"]:
        return web.Response(status=404, text="no such upload")
    content = await request.read()
    if request.content_type == "multipart/form-data":
        part = next(iter((await request.post()).values()))
        content = part.file.read() if isinstance(part, web.FileField) else str(part).encode()
    if len(content) != file["length"]:
        return web.Response(status=400, text=f"announced {file['length']} bytes, got {len(content)}")
    workspace.store.put_file(file["id"], content)
    file["uploaded"] = True
    return web.Response(text=f"OK - {len(content)}")


async def download(workspace: Workspace, request: web.Request) -> web.Response:
    """Give the page the bytes of a file."""
    file = workspace.files.get(request.match_info["file"])
    if file is None or not file["uploaded"]:
        return web.Response(status=404)
    # Anything but a picture is only saved, never opened beside the page.
    picture = str(file["mimetype"]) in ("image/png", "image/jpeg", "image/gif")
    headers = {"X-Content-Type-Options": "nosniff"} | ({} if picture else {"Content-Disposition": "attachment"})
    return web.Response(body=workspace.store.file(file["id"]), content_type=file["mimetype"], headers=headers)
