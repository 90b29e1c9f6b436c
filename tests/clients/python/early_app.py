"""An app that answers before it has read what it is sent: under any WSGI server as `wsgi`, under any ASGI server as `asgi`."""


def status_of(path):
    return 413 if path.startswith("/too-large") else 200


def wsgi(environ, start_response):
    status = status_of(environ["PATH_INFO"])
    headers = [("Content-Type", "text/plain"), ("Content-Length", "5")]
    start_response(f"{status} {'Content Too Large' if status == 413 else 'OK'}", headers)
    return [b"early"]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": status_of(scope["path"]), "headers": headers})
    await send({"type": "http.response.body", "body": b"early"})
