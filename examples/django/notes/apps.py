from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


def create_schema(using: str, **_others) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS app")


class NotesConfig(AppConfig):
    name = "notes"

    def ready(self) -> None:
        pre_migrate.connect(create_schema, sender=self)
