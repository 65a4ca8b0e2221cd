// Thread of size.mjs: watchers on 100 connections that ask for all history at the same moment. It says when the
// connections are open, begins when it is told to, and says when every watcher has all its events.
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";
import { crowdKey } from "./crowd-keys.mjs";

const { endpoint, returning, events: eventsOfKey, keys } = workerData;
const call = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };
const { Range } = services["etcdserverpb.KV"];
const links = Array.from({ length: 100 }, () => grpcTransport({ endpoints: [endpoint] }).links[0]);
for (const link of links) await link.unary(Range, Range.request.create({ key: "x" }), call);
parentPort.postMessage("ready");
await once(parentPort, "message");
await Promise.all(links.map((link, number) => returned(link, number)));
parentPort.postMessage("done");

/** Opens a stream with its share of the watchers; resolves when they have all events. */
function returned(link, number) {
  const mine = [];
  for (let at = number; at < returning; at += links.length) mine.push(at);
  return new Promise((resolve, reject) => {
    let missing = mine.length * eventsOfKey;
    if (missing === 0) resolve();
    const listener = {
      message({ events }) {
        missing -= events.length;
        if (missing === 0) resolve();
      },
      closed: (error) => reject(error ?? new Error("a watch stream ended")),
    };
    const stream = link.stream(services["etcdserverpb.Watch"].Watch, call, listener);
    for (const at of mine) {
      const options = { rangeEnd: "", filters: [], watchId: 0n, prevKv: false, fragment: false, progressNotify: false };
      const value = { ...options, key: crowdKey(at % keys), startRevision: 2 };
      stream.send({ requestUnion: { case: "createRequest", value } });
    }
  });
}
