from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session as OpenSession

from db import Session
from models import Note

app = FastAPI()


class NoteIn(BaseModel):
    content: Annotated[str, StringConstraints(min_length=1)]


class NoteOut(NoteIn):
    model_config = ConfigDict(from_attributes=True)
    id: int


def session() -> Iterator[OpenSession]:
    with Session() as opened:
        yield opened


Database = Annotated[OpenSession, Depends(session)]


@app.get("/notes")
def list_notes(database: Database) -> list[NoteOut]:
    return [NoteOut.model_validate(note) for note in database.scalars(select(Note).order_by(Note.id))]


@app.post("/notes", status_code=201)
def create_note(note: NoteIn, database: Database) -> NoteOut:
    row = Note(content=note.content)
    database.add(row)
    database.commit()
    return NoteOut.model_validate(row)
