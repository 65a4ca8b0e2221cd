import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../support/server-process.js";

// A client as programs on Node.js write it: no codec of ours, only the .proto files that the package ships.

interface EtcdClient {
  [method: string]: (request: object, answer: (error: Error | null, response: Record<string, unknown>) => void) => void;
  close(): void;
}
type EtcdService = new (
  endpoint: string,
  credentials: unknown,
) => EtcdClient & { Watch(): NodeJS.EventEmitter & WatchStream };
interface WatchStream {
  write(request: object): void;
  cancel(): void;
}

const protoFolder = fileURLToPath(new URL("../../proto", import.meta.url));
const { etcdserverpb } = loadPackageDefinition(
  loadSync("rpc.proto", { includeDirs: [protoFolder], keepCase: true, longs: String, enums: String, defaults: true }),
) as unknown as { etcdserverpb: Record<"KV" | "Watch", EtcdService> };
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ kind: "ours" });
});

afterAll(() => server?.stop());

test("puts, reads and watches with the shipped .proto files", async () => {
  const kv = new etcdserverpb.KV(server.endpoint, credentials.createInsecure());
  const watcher = new etcdserverpb.Watch(server.endpoint, credentials.createInsecure());
  const stream = watcher.Watch();
  stream.on("error", () => undefined);
  stream.write({ create_request: { key: Buffer.from("a") } });
  const [created] = await once(stream, "data");
  expect(created).toMatchObject({ created: true, header: { revision: "1" } });

  const heard = once(stream, "data");
  expect(await call(kv, "Put", { key: Buffer.from("a"), value: Buffer.from("1") })).toMatchObject({
    header: { revision: "2", raft_term: "2" },
  });
  expect(await call(kv, "Range", { key: Buffer.from("a") })).toMatchObject({
    kvs: [{ key: Buffer.from("a"), value: Buffer.from("1"), version: "1", mod_revision: "2" }],
    count: "1",
    more: false,
  });
  expect((await heard)[0]).toMatchObject({ events: [{ type: "PUT", kv: { value: Buffer.from("1") } }] });
  await expect(call(kv, "Range", { key: Buffer.alloc(0) })).rejects.toMatchObject({
    code: 3,
    details: "etcdserver: key is not provided",
  });
  stream.cancel();
  kv.close();
  watcher.close();
});

function call(client: EtcdClient, method: string, request: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    client[method]?.(request, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
}
