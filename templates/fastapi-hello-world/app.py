import os

from fastapi import FastAPI, Header

app = FastAPI(title="Hello World")


@app.get("/")
def hello_world(x_forwarded_preferred_username: str = Header("you")):
    return {
        "message": "Hello, World!",
        "app": os.environ.get("DATABRICKS_APP_NAME"),
        "visitor": x_forwarded_preferred_username,
    }
