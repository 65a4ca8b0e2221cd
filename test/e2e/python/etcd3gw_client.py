"""Prints the answers that python3-etcd3gw gets from a server's JSON gateway, line by line. Arguments: host, port."""

import base64
import sys

from etcd3gw.client import Etcd3Client
from etcd3gw.exceptions import Etcd3Exception
from script import say, watch_changes

client = Etcd3Client(host=sys.argv[1], port=int(sys.argv[2]), api_path="/v3/")


def text(raw):
    return base64.b64encode(raw.encode("latin-1")).decode()


client.put("keys/a", "1")
client.put("keys/b", "zwei")
say("get", client.get("keys/a"))
say("metadata", {k: v for k, v in client.get("keys/a", metadata=True)[0][1].items()})
say("prefix", [(v, m["key"]) for v, m in client.get_prefix("keys/")])
say("missing", client.get("keys/c"))
say("replace", [client.replace("keys/a", "1", "2"), client.replace("keys/a", "1", "3")])
say("create", [client.create("keys/a", "x"), client.create("keys/c", "3")])
txn = {
    "compare": [{"key": text("keys/a"), "result": "EQUAL", "target": "VALUE", "value": text("2")}],
    "success": [{"request_put": {"key": text("keys/d"), "value": text("4")}}],
    "failure": [{"request_range": {"key": text("keys/a")}}],
}
answer = client.transaction(txn)
answer["header"].pop("raft_term")
say("transaction", {k: v for k, v in answer.items() if k != "header"})
say("deleted", [client.delete("keys/c"), client.delete("keys/c"), client.delete_prefix("keys/")])

say("watched", watch_changes(client, lambda event: {k: v for k, v in event.items()}))

lease = client.lease(ttl=60)
client.put("leased", "here", lease)
say("lease", [lease.keys(), 0 < lease.ttl() <= 60, 0 < lease.refresh() <= 60])
say("revoked", [lease.revoke(), client.get("leased")])

lock, other = client.lock("name", ttl=10), client.lock("name", ttl=10)
say("lock", [lock.acquire(), other.acquire(), lock.is_acquired()])
say("unlock", [lock.release(), other.acquire(), other.release()])

say("members", len(client.members()))
say("status", client.status()["version"][:3])
try:
    client.post(client.get_url("/kv/range"), json={"key": "no base64!"})
    say("bad", "none")
except Etcd3Exception as error:
    say("bad", type(error).__name__)
