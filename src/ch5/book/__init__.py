"""What only pages use: plots, sliders, exercises, displayed source, glued numbers."""
