import { loadFileDescriptorSetFromBuffer, type PackageDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import { expect, test } from "vitest";
import { silentLogger } from "../../../src/base/index.js";
import { healthBindings } from "../../../src/rpc/services/health.js";
import { reflectionBindings } from "../../../src/rpc/services/reflection.js";
import { Serving } from "../../../src/server/index.js";
import { loadSchema, PutRequest, reflectionpb } from "../../../src/wire/index.js";

type Question = reflectionpb.ServerReflectionRequest["messageRequest"];

const bindings = reflectionBindings(healthBindings(new Serving(silentLogger)));

/** Sends requests on one stream of either version of the service. @returns the answers */
async function ask(version: "v1" | "v1alpha", ...questions: readonly Question[]) {
  const binding = bindings.find(
    ({ path }) => path === `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
  );
  if (binding?.kind !== "stream") throw new Error(`no reflection ${version}`);
  const answers: reflectionpb.ServerReflectionResponse[] = [];
  const { signal } = new AbortController();
  await binding.run({
    call: { cancelled: false, signal, metadata: () => undefined },
    async *read() {
      for (const messageRequest of questions) {
        const request = reflectionpb.ServerReflectionRequest.create({ host: "here", messageRequest });
        yield reflectionpb.ServerReflectionRequest.encode(request);
      }
    },
    write(bytes) {
      answers.push(reflectionpb.ServerReflectionResponse.decode(bytes));
      return true;
    },
    writePieces: () => true,
    drained: () => Promise.resolve(),
    end: () => undefined,
  });
  return answers;
}

test.each(["v1", "v1alpha"] as const)("%s lists the services", async (version) => {
  const [answer] = await ask(version, { case: "listServices", value: "*" });
  expect(answer).toMatchObject({
    validHost: "here",
    originalRequest: { host: "here", messageRequest: { case: "listServices", value: "*" } },
    messageResponse: {
      case: "listServicesResponse",
      value: {
        service: [
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
          { name: "grpc.reflection.v1alpha.ServerReflection" },
        ],
      },
    },
  });
});

/** Loads the files of a symbol as a tool does. */
async function packageOf(symbol: string): Promise<PackageDefinition> {
  const [answer] = await ask("v1", { case: "fileContainingSymbol", value: symbol });
  if (answer?.messageResponse?.case !== "fileDescriptorResponse") throw new Error(`no file for ${symbol}`);
  const { fileDescriptorProto } = answer.messageResponse.value;
  // A FileDescriptorSet is a message with all files in its first field, as this answer is.
  const set = reflectionpb.FileDescriptorResponse.encode(answer.messageResponse.value);
  expect(fileDescriptorProto.length).toBe(3);
  return loadFileDescriptorSetFromBuffer(Buffer.from(set));
}

test("a tool can make calls with the descriptors alone", async () => {
  const { "etcdserverpb.KV": kv } = await packageOf("etcdserverpb.KV");
  const put = (kv as ServiceDefinition).Put;
  const bytes = put?.requestSerialize({ key: Buffer.from("a"), value: Buffer.from("b"), lease: 7, prev_kv: true });
  const { key, value, lease, prevKv } = PutRequest.decode(bytes ?? Buffer.alloc(0));
  expect([key, Buffer.from(value).toString(), lease, prevKv]).toEqual(["a", "b", 7n, true]);
});

test("descriptors have nested enums, oneofs and streaming methods", async () => {
  const definitions = await packageOf("etcdserverpb.Watch.Watch");
  const order = { name: "SortOrder", value: [{ name: "NONE" }, { name: "ASCEND", number: 1 }, { name: "DESCEND" }] };
  expect(definitions["etcdserverpb.RangeRequest"]).toMatchObject({
    type: { enumType: [order, { name: "SortTarget" }] },
  });
  expect(definitions["etcdserverpb.RequestOp"]).toMatchObject({ type: { oneofDecl: [{ name: "request" }] } });
  expect(definitions["etcdserverpb.Watch"]).toMatchObject({ Watch: { requestStream: true, responseStream: true } });
});

test("every symbol and every file can be found by name", async () => {
  const files = await loadSchema();
  const symbols = files.flatMap(({ services, messages, enums }) => [...services, ...messages, ...enums]);
  const answers = await ask(
    "v1alpha",
    ...symbols.map(({ name }) => ({ case: "fileContainingSymbol", value: name }) as const),
    ...files.map(({ name }) => ({ case: "fileByFilename", value: name }) as const),
  );
  expect(new Set(answers.map(({ messageResponse }) => messageResponse?.case))).toEqual(
    new Set(["fileDescriptorResponse"]),
  );
  expect(answers.length).toBe(symbols.length + files.length);
});

test.each([
  [{ case: "fileContainingSymbol", value: "no.Such" }, "not found: no.Such"],
  [{ case: "fileByFilename", value: "/etc/passwd" }, "not found: /etc/passwd"],
  [{ case: "allExtensionNumbersOfType", value: "no.Such" }, "not found: no.Such"],
  [
    { case: "fileContainingExtension", value: { containingType: "etcdserverpb.KV", extensionNumber: 5 } },
    "not found: no extension 5 of etcdserverpb.KV",
  ],
] as const)("%o is not found", async (question, errorMessage) => {
  const [answer] = await ask("v1", question);
  expect(answer?.messageResponse).toEqual({ case: "errorResponse", value: { errorCode: 5, errorMessage } });
});

test("an empty request is an error", async () => {
  const [answer] = await ask("v1", undefined);
  expect(answer?.messageResponse).toMatchObject({ case: "errorResponse", value: { errorCode: 3 } });
});

test("a message has no extensions", async () => {
  const [answer] = await ask("v1", { case: "allExtensionNumbersOfType", value: "mvccpb.KeyValue" });
  expect(answer?.messageResponse).toEqual({
    case: "allExtensionNumbersResponse",
    value: { baseTypeName: "mvccpb.KeyValue", extensionNumber: [] },
  });
});
