"""Clients of a fleet that publish, ask and watch over HTTP, and note what they were told."""

import threading
import time
from collections import Counter
from typing import Any

import httpx2


class Load:
    """Clients that go on whatever happens to the server, and note what they were told."""

    def __init__(self, url: str, *, patience: float = 2.0) -> None:
        self.url, self.patience, self.stop = url, patience, threading.Event()
        self.acked: dict[str, int] = {}
        self.replies = Counter[str]()
        self.refused = Counter[int]()
        """What asked for another try, 429 and 503."""
        self.problems: list[str] = []
        self.events: list[int] = []
        self.resumes = 0
        works = [self.publish] * 3 + [self.ask, self.watch]
        self.threads = [threading.Thread(target=work, args=(place,)) for place, work in enumerate(works)]

    def start(self) -> None:
        """All of them."""
        for thread in self.threads:
            thread.start()

    def _post(self, client: httpx2.Client, path: str, body: Any, key: str) -> httpx2.Response:
        """Until it is answered: the same key, so that it is stored once."""
        while True:
            try:
                answer = client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx2.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code not in (429, 503):
                return answer
            self.refused[answer.status_code] += 1
            time.sleep(0.05)

    def publish(self, place: int) -> None:
        """Steps of this client's own keys, in order; now and then work under the limit."""
        number = 0
        with httpx2.Client(base_url=self.url, timeout=30) as client:
            while not self.stop.is_set():
                number += 1
                name = f"k{place}.{number % 5}"
                body = {"topic": "fleet.step", "key": {"name": name}, "data": {"number": number}}
                if number % 4 == 0:
                    body = {"topic": "fleet.narrow", "data": {"number": number}}
                answer = self._post(client, "/api/internal/pubsub/publish", body, f"{place}.{number}")
                if answer.is_success:
                    self.acked[answer.json()["id"]] = number
                else:
                    self.problems.append(f"publish: {answer.status_code} {answer.text[:200]}")

    def ask(self, place: int) -> None:
        """Questions whose answers must be theirs."""
        number = 0
        with httpx2.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                number += 1
                answer = self._post(client, "/api/fleet/ask", {"number": number}, f"a{number}")
                self.replies[str(answer.status_code)] += 1
                if answer.status_code == 200 and answer.json() != {"number": number}:
                    self.problems.append(f"reply {answer.json()} to question {number}")
                elif answer.status_code not in (200, 202):
                    self.problems.append(f"ask: {answer.status_code} {answer.text[:200]}")

    def watch(self, place: int) -> None:
        """One stream, resumed wherever it was cut off, or where it says nothing for `patience` seconds."""
        with httpx2.Client(base_url=self.url, timeout=httpx2.Timeout(30, read=self.patience)) as client:
            while not self.stop.is_set():
                after = str(self.events[-1]) if self.events else "0"
                try:
                    with client.stream("GET", f"/api/internal/pubsub/events?topic=fleet.step&after={after}") as stream:
                        for line in stream.iter_lines():
                            if line.startswith("id: "):
                                self.events.append(int(line[4:]))
                            if self.stop.is_set():
                                return
                except httpx2.HTTPError:
                    self.resumes += 1
                    time.sleep(0.05)
