// Reads a whole range with RangeStream, in a thread of the benchmark, as many times at once as it is told. The pairs are
// counted and not decoded, so that the server is what is measured.
import { parentPort, workerData } from "node:worker_threads";
import { grpcTransport } from "../../dist/client/grpc-transport.js";
import { services } from "../../dist/wire/index.js";

const { endpoint, readers } = workerData;
const { path, request } = services["etcdserverpb.KV"].RangeStream;
const method = { path, request, response: { decode: (bytes) => bytes.length } };
const options = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };

async function read() {
  const [link] = grpcTransport({ endpoints: [endpoint] }).links;
  let [bytes, messages] = [0, 0];
  try {
    await new Promise((resolve, reject) => {
      const stream = link.stream(method, options, {
        message(length) {
          bytes += length;
          messages++;
        },
        closed: (error) => (error === undefined ? resolve() : reject(error)),
      });
      stream.send(request.create({ key: "key/", rangeEnd: "key0" }));
      stream.finish();
    });
  } finally {
    link.close();
  }
  return { bytes, messages };
}

parentPort.postMessage(await Promise.all(Array.from({ length: readers }, read)));
