import os

import pandas as pd
import streamlit as st

st.set_page_config(page_title="Hello World")
visitor = st.context.headers.get("X-Forwarded-Preferred-Username", "you")
st.title("Hello, World!")
st.write(f"{os.environ.get('DATABRICKS_APP_NAME', 'This app')} greets {visitor}.")

count = st.slider("Points", min_value=2, max_value=50, value=12)
st.line_chart(pd.DataFrame({"square": [x * x for x in range(count)]}))
