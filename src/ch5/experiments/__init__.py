"""The long experiments, one module each, with its `EXPERIMENT`; `ch5.experiments.record` runs and loads them."""
