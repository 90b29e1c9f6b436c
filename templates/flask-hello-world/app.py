import os

from flask import Flask, request

app = Flask(__name__)


@app.route("/")
def hello_world():
    visitor = request.headers.get("X-Forwarded-Preferred-Username", "you")
    return {"message": "Hello, World!", "app": os.environ.get("DATABRICKS_APP_NAME"), "visitor": visitor}


if __name__ == "__main__":
    app.run(port=int(os.environ.get("DATABRICKS_APP_PORT", "8000")))
