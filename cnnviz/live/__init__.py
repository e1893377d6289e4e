"""The websocket route, its messages and ring buffers: Starlette; no Streamlit, no torch."""
