"""Prints the answers that python3-etcd3 gets from a server, line by line. Arguments: host, port."""

import sys

import etcd3
from etcd3 import exceptions
from script import say, watch_changes

host, port = sys.argv[1], int(sys.argv[2])
client = etcd3.client(host=host, port=port)


def refusal(call):
    try:
        call()
        return "none"
    except exceptions.Etcd3Exception as error:
        return type(error).__name__
    except Exception as error:  # an error of grpc
        return [error.code().name, error.details()]


client.put("keys/a", "1")
client.put("keys/b", b"\x00\xff")
value, meta = client.get("keys/a")
say("get", [value, meta.create_revision, meta.mod_revision, meta.version])
say("prefix", [(v, m.key) for v, m in client.get_prefix("keys/", sort_order="descend")])
say("missing", client.get("keys/c")[0])
say("replace", [client.replace("keys/a", "1", "2"), client.replace("keys/a", "1", "3")])
say("put if absent", [client.put_if_not_exists("keys/a", "x"), client.put_if_not_exists("keys/c", "3")])
say(
    "transaction",
    client.transaction(
        compare=[client.transactions.value("keys/a") == "2", client.transactions.version("keys/a") > 0],
        success=[client.transactions.put("keys/d", "4"), client.transactions.delete("keys/c")],
        failure=[client.transactions.get("keys/a")],
    )[0],
)
say("old", client.get("keys/c")[0])
say("deleted", client.delete_prefix("keys/").deleted)

say("watched", watch_changes(client, lambda event: [type(event).__name__, event.key, event.value]))

lease = client.lease(60, 4711)
client.put("leased", "here", lease)
say("lease", [lease.id, lease.granted_ttl, list(lease.keys), 0 < lease.remaining_ttl <= 60])
lease.refresh()
lease.revoke()
say("revoked", client.get("leased")[0])

lock, other = client.lock("name", ttl=10), client.lock("name", ttl=10)
# With Debian's version of tenacity, a lock fails if it would have to wait for another one.
say("lock", [lock.acquire(timeout=5), lock.is_acquired(), other.is_acquired()])
say("unlock", [lock.release(), other.acquire(timeout=5), other.release()])

say("members", len(list(client.members)))
say("status", [client.status().version[:3], client.status().leader is not None])
say("alarms", list(client.list_alarms()))
client.compact(client.get_response("k").header.revision)
say("compacted", refusal(lambda: client.watch_response("k", start_revision=1)[0].__next__()))
client.defragment()
