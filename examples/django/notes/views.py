import json

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_http_methods

from notes.models import Note


@require_http_methods(["GET", "POST"])
def notes(request: HttpRequest) -> JsonResponse:
    if request.method == "GET":
        return JsonResponse(list(Note.objects.order_by("id").values("id", "content")), safe=False)
    try:
        content = json.loads(request.body)["content"]
    except (ValueError, KeyError, TypeError):
        content = None
    if not isinstance(content, str) or content == "":
        return JsonResponse({"error": "content must be a text that is not empty"}, status=400)
    note = Note.objects.create(content=content)
    return JsonResponse({"id": note.id, "content": note.content}, status=201)
