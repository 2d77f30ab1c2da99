"""One contender in a process of its own: a question a line on stdin, the answer a line on stdout.

    python -m benchmarks.worker ch5 1

It waits for the next question without using the processor, so only the one that is asked works.
"""

import json
import signal
import sys
import time
from importlib import import_module
from importlib.metadata import version

from benchmarks import work
from ch5.engine.train import keep_memory


def blas():
    import numpy as np

    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found['name']} {found['version']}"


def main(contender, threads):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks stops us by closing the pipe
    keep_memory()  # `Training` does so for the engine, and PyTorch gains by it too
    module = import_module(f"benchmarks.with_{contender}")
    if contender == "torch":
        module.torch.set_num_threads(threads)
        module.torch.set_num_interop_threads(1)
    run, n = None, 1
    for line in sys.stdin:
        question, given = json.loads(line)
        if question == "prepare":
            run = getattr(module, given.pop("kind"))(**given)
            answer = run(work.CHECKED)
        elif question == "warm up":  # how many updates fill the time of one measurement
            start = time.perf_counter()
            run(1)
            n = max(1, round(given / (time.perf_counter() - start)))
            start = time.perf_counter()
            run(n)
            answer = n = max(1, round(given * n / (time.perf_counter() - start)))
        elif question == "time":
            start = time.perf_counter()
            run(n)
            answer = (time.perf_counter() - start) / n
        elif question == "memory":
            answer = module.memory(**given)
        elif question == "version":
            answer = version(given)
        elif question == "blas":
            answer = blas()
        else:
            raise ValueError(f"question must be one of those above, got {question!r}")
        print(json.dumps(answer, default=float), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
