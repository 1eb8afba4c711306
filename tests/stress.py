# SPDX-License-Identifier: BSD-2-Clause
"""Test programs again and again, with other choices each time, until the time is over or one fails.

A boot that is not finished when the time is over counts for nothing, unless something in it had
failed by then.
"""

import itertools
import threading
import time


class Stress:
    """Programs in turn, on as many processors as there are."""

    def __init__(self, names, seconds, boot, end):
        """boot(name, seed, worker) gives an Outcome; end() ends all boots at once."""
        self.turns = itertools.cycle(names)
        self.boots = dict.fromkeys(names, 0)
        self.seconds = seconds
        self.boot = boot
        self.end = end
        self.seed = int(time.time()) & 0xfffffff
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.passed = 0
        self.failure = None         # program, seed, Outcome

    def work(self, worker):
        while not self.over.is_set():
            with self.lock:
                name = next(self.turns)
                self.seed += 1
                seed = self.seed
            outcome = self.boot(name, seed, worker)
            with self.lock:
                if self.over.is_set():
                    outcome.passed, outcome.failed = 0, outcome.certain     # it was cut off
                else:
                    self.boots[name] += 1
                self.passed += outcome.passed
                if outcome.failed and not self.failure:
                    self.failure = name, seed, outcome
                    self.over.set()

    def say(self, begin):
        done = ", ".join(f"{name} {count}" for name, count in self.boots.items())
        print(f"{int(time.monotonic() - begin):5} of {self.seconds} seconds, boots: {done}",
              flush=True)

    def run(self, workers):
        begin = time.monotonic()
        interval = max(5, min(60, self.seconds // 10))
        threads = [threading.Thread(target=self.work, args=(number,), daemon=True)
                   for number in range(workers)]
        for thread in threads:
            thread.start()
        try:
            while (left := begin + self.seconds - time.monotonic()) > 0:
                if self.over.wait(min(left, interval)):
                    break
                self.say(begin)
        finally:
            self.over.set()
            self.end()
        for thread in threads:
            thread.join()
        return self.failure
