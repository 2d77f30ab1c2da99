"""Before any test, nbval's included: the kernels it starts follow no reader's settings, and no two meet."""

import kernels

kernels.settle()
