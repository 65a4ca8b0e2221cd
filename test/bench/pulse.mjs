// A client that puts a key every 5 ms, on a thread of its own, until it is told to end. It answers with how long each
// put took, in ms. A put is sent even when others still wait, so that a pause of the server is seen at its full length.
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";

const [link] = grpcTransport({ endpoints: [workerData.endpoint] }).links;
const rpc = services["etcdserverpb.KV"].Put;
const request = rpc.request.create({ key: "pulse", value: Buffer.from("v") });
const waits = [];
const underWay = new Set();
const aheadMax = 200;
let ended = false;
parentPort.once("message", () => {
  ended = true;
});
while (!ended) {
  if (underWay.size < aheadMax) {
    const begin = performance.now();
    const put = link.unary(rpc, request, { metadata: {}, timeoutMs: 300_000 }).then(() => {
      waits.push(performance.now() - begin);
      underWay.delete(put);
    });
    underWay.add(put);
  }
  await pause(5);
}
await Promise.all(underWay);
link.close();
parentPort.postMessage(waits);
