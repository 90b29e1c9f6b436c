import streamlit as st
from sqlalchemy import text

# Imported once per process: all visitors share its pool.
from db import engine

st.title("Notes")

with st.form("add", clear_on_submit=True):
    content = st.text_input("Note")
    if st.form_submit_button("Add") and content:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO app.notes (content) VALUES (:content)"), {"content": content})

with engine.connect() as connection:
    notes = connection.execute(text("SELECT id, content FROM app.notes ORDER BY id")).all()

for note in notes:
    st.text(f"{note.id}. {note.content}")
