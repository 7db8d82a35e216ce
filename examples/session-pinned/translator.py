"""A service that takes its time."""

import time


def send(_text: str) -> None:
    time.sleep(3)
