"""Small networks, their data, training and recording: torch and NumPy, no Streamlit, no Plotly."""
