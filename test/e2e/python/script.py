"""Printing answers, and watching three changes, for the scripts of both Python clients."""

import json
import threading


def say(name, value):
    print(json.dumps([name, value], default=lambda raw: raw.decode("latin-1")), flush=True)


def watch_changes(client, describe):
    """Watches keys of the client while it changes them. Returns the descriptions of the events."""
    events, cancel = client.watch_prefix("watched/")
    heard = []
    enough = threading.Event()

    def listen():
        for event in events:
            heard.append(describe(event))
            if len(heard) == 3:
                enough.set()
                return

    threading.Thread(target=listen, daemon=True).start()
    client.put("watched/a", "1")
    client.put("watched/a", "2")
    client.delete("watched/a")
    enough.wait(10)
    cancel()
    return heard
