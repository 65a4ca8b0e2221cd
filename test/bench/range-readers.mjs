// Reads a whole range with RangeStream, in a process of its own, as many times at once as it is told. The pairs are
// counted and not decoded, and the process has a low priority, so that the server is what is measured: on a machine with
// two cores, the readers would otherwise take the time of its threads.
import { constants, setPriority } from "node:os";
import { grpcTransport } from "../../dist/client/grpc-transport.js";
import { services } from "../../dist/wire/index.js";

const [endpoint, readers] = [process.argv[2], Number(process.argv[3])];
setPriority(constants.priority.PRIORITY_LOW);
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

process.send(await Promise.all(Array.from({ length: readers }, read)));
process.disconnect();
