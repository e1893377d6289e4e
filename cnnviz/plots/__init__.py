"""Pure figures: a plot returns a LivePlot, a Plotly figure with bindings to recorded columns."""
