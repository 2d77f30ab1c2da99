"""The cells and what stands beside them: readout, sequence model, MLP, convolution, attention."""
