// The workloads of the benchmark: what its clients do again and again, and how much of it counts.

const value = Buffer.alloc(256, "v");
const listKeys = 1_000;
const transactionPuts = 100;

const put = (client, key) => client.put({ key, value });
const get = (client, key) => client.range({ key });

/** Writes a key unless somebody changed it meanwhile, as a program does that updates what it has read. */
async function update(client, key) {
  const { kvs } = await client.range({ key });
  const version = kvs[0]?.version ?? 0;
  const compare = [{ result: 0, target: 0, key, targetUnion: { case: "version", value: version }, rangeEnd: "" }];
  await client.txn({ compare, success: [putIn(key)] });
}

const putIn = (key) => ({
  request: {
    case: "requestPut",
    value: { key, value, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false },
  },
});

/** Writes 100 keys in one transaction. */
const putMany = (client, key) =>
  client.txn({ success: Array.from({ length: transactionPuts }, (_, at) => putIn(`${key}/${at}`)) });

const list = (client) => client.range({ key: "list/", rangeEnd: "list0" });

/** Puts the keys that `list` reads. */
async function fillList(client) {
  for (let from = 0; from < listKeys; from += transactionPuts) {
    const keys = Array.from({ length: transactionPuts }, (_, at) => `list/${from + at}`);
    await client.txn({ success: keys.map(putIn) });
  }
}

async function lease(client) {
  const { id } = await client.grantLease({ ttl: 60 });
  await client.revokeLease(id);
}

/**
 * `clients` repeat `act` at the same time over `connections`. With `watchers`, the events that arrive are counted, and
 * not the puts. `prepare` is called once before the measurement.
 */
export const workloads = {
  "put-1": { clients: 1, act: put, says: "one client writes" },
  "put-100": { clients: 100, act: put, says: "100 clients write" },
  "put-1000": { clients: 1_000, act: put, says: "1,000 clients write" },
  "get-1": { clients: 1, act: get, says: "one client reads" },
  "get-100": { clients: 100, act: get, says: "100 clients read" },
  "get-1000": { clients: 1_000, act: get, says: "1,000 clients read" },
  "update-100": { clients: 100, act: update, says: "100 clients read a key and write it if unchanged" },
  "txn-20": { clients: 20, act: putMany, says: "20 clients write 100 keys in a transaction" },
  "list-20": { clients: 20, act: list, prepare: fillList, says: "20 clients list 1,000 keys" },
  "watch-100": { clients: 20, act: put, watchers: 100, says: "events of 20 writers reach 100 watchers each" },
  "watch-1000": { clients: 20, act: put, watchers: 1_000, says: "events of 20 writers reach 1,000 watchers each" },
  "lease-100": { clients: 100, act: lease, says: "100 clients grant and revoke leases" },
};

/** Connections that so many clients share. */
export const connectionsFor = (clients) => Math.min(clients, 10 + Math.floor(clients / 25));
