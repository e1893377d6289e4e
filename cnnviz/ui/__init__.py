"""Everything that draws on a Streamlit page; the only package that imports streamlit."""
