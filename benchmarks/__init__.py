"""The book's engine beside PyTorch, JAX and its bare matrix products: `make bench`."""
