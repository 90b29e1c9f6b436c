import os

import plotly.graph_objects as go
from dash import Dash, Input, Output, dcc, html

app = Dash(__name__, title="Hello World")
app.layout = html.Main(
    [
        html.H1("Hello, World!"),
        html.P(f"This is {os.environ.get('DATABRICKS_APP_NAME', 'an app')}."),
        dcc.Dropdown(["square", "cube"], "square", id="curve", clearable=False),
        dcc.Graph(id="chart"),
    ]
)


@app.callback(Output("chart", "figure"), Input("curve", "value"))
def draw(curve: str) -> go.Figure:
    power = 3 if curve == "cube" else 2
    steps = list(range(20))
    return go.Figure(go.Scatter(x=steps, y=[step**power for step in steps]))


if __name__ == "__main__":
    app.run(port=int(os.environ.get("DATABRICKS_APP_PORT", "8000")))
