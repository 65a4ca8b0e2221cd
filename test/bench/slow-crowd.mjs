// Thread of size.mjs: watch streams that do not read, each on a connection of its own. Their client has a thread, since it
// still receives what the windows allow: the clients that are measured must not wait for that.
import { parentPort, workerData } from "node:worker_threads";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";

const { endpoint, slow, key } = workerData;
const call = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };
const options = { rangeEnd: "", startRevision: 0, filters: [], watchId: 0n, prevKv: false, fragment: false };
const streams = [];
for (let number = 0; number < slow; number++) {
  const [link] = grpcTransport({ endpoints: [endpoint] }).links;
  await new Promise((resolve, reject) => {
    const stream = link.stream(services["etcdserverpb.Watch"].Watch, call, { message: resolve, closed: reject });
    stream.send({ requestUnion: { case: "createRequest", value: { ...options, key, progressNotify: false } } });
    streams.push(stream);
  });
}
for (const stream of streams) stream.pause();
parentPort.postMessage("ready");
// Keeps the thread, which the other side ends.
parentPort.on("message", () => undefined);
