"""Where training happens: the Run and Runner protocols, and the local pool of warm processes."""
