"""Queue messages as the app's host.json wants them: base64."""

import base64
import time

PATIENCE = 30.0


def send(queue, text):
    """Put a text into a queue."""
    queue.send_message(base64.b64encode(text.encode()).decode())


def texts(queue):
    """Take all texts that are visible in a queue now."""
    found = []
    while batch := list(queue.receive_messages(messages_per_page=32, max_messages=32)):
        found += [base64.b64decode(one.content).decode() for one in batch]
        for one in batch:
            queue.delete_message(one)
    return found


def left(queue):
    """How many messages a queue holds, hidden ones too."""
    return queue.get_queue_properties().approximate_message_count


def until(question, what):
    """Wait until a condition holds; fail with its name if it never does."""
    end = time.monotonic() + PATIENCE
    while not (answer := question()):
        assert time.monotonic() < end, what
    return answer
