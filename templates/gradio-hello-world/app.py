import os

import gradio as gr


def greet(name: str) -> str:
    return f"Hello, {name or 'World'}!"


with gr.Blocks(title="Hello World") as page:
    gr.Markdown(f"# Hello, World!\nThis is {os.environ.get('DATABRICKS_APP_NAME', 'an app')}.")
    name = gr.Textbox(label="Your name")
    answer = gr.Textbox(label="Answer")
    name.submit(greet, name, answer)

# Host and port come from GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, which the platform sets.
page.launch()
