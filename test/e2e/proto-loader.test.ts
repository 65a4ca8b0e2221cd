import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadFileDescriptorSetFromBuffer, loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reflectionpb } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { ServerProcess } from "../support/server-process.js";

// Tests a client as Node.js programs write it, with the shipped .proto files and without our codecs.

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

test("a tool without .proto files can find the services by reflection and call them", async () => {
  const client = new TestClient(server.endpoint);
  const stream = client.stream("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo");
  stream.write({ host: "", messageRequest: { case: "listServices", value: "" } });
  const [{ messageResponse: listed }] = await once(stream, "data");
  expect(listed.value.service.map(({ name }: { name: string }) => name)).toEqual([
    ...["Auth", "Cluster", "KV", "Lease", "Maintenance", "Watch"].map((name) => `etcdserverpb.${name}`),
    "etcdts.v1.Console",
    ...["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
    ...["v3electionpb.Election", "v3lockpb.Lock"],
  ]);
  stream.write({ host: "", messageRequest: { case: "fileContainingSymbol", value: "etcdserverpb.KV" } });
  const [{ messageResponse: found }] = await once(stream, "data");
  const files = Buffer.from(reflectionpb.FileDescriptorResponse.encode(found.value));
  const described = loadPackageDefinition(loadFileDescriptorSetFromBuffer(files, { longs: String }));
  const { KV } = described.etcdserverpb as unknown as { KV: EtcdService };
  const kv = new KV(server.endpoint, credentials.createInsecure());
  await call(kv, "Put", { key: Buffer.from("told"), value: Buffer.from("so") });
  expect(await call(kv, "Range", { key: Buffer.from("told") })).toMatchObject({ kvs: [{ value: Buffer.from("so") }] });
  kv.close();
  stream.end();
  await once(stream, "end");
  client.close();
});

function call(client: EtcdClient, method: string, request: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    client[method]?.(request, (error, response) => (error === null ? resolve(response) : reject(error)));
  });
}
