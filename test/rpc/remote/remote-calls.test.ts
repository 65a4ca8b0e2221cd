import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EtcdError, GrpcCode } from "../../../src/base/index.js";
import type { LongAnswer } from "../../../src/rpc/grpc/answer.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import type { PageRequest } from "../../../src/rpc/http/pages.js";
import { CallCounters } from "../../../src/rpc/index.js";
import { readMetadata } from "../../../src/rpc/remote/metadata.js";
import type { Call } from "../../../src/server/index.js";
import { bytes, callOf, connect, type Wires } from "./wires.js";

const echo: Binding = {
  kind: "unary",
  path: "/s/Echo",
  reads: true,
  run: async (request) => Buffer.concat([bytes("re: "), request]),
};

test("a unary call is answered, and its method keeps its properties", async () => {
  const wait: Binding = { kind: "unary", path: "/s/Wait", first: true, waits: true, run: async () => bytes("") };
  const { binding } = await connect([echo, wait]);
  const { call } = callOf();
  expect(String(await binding("/s/Echo", "unary").run(bytes("a"), call))).toBe("re: a");
  expect(binding("/s/Echo", "unary")).toMatchObject({ reads: true, first: false, waits: false });
  expect(binding("/s/Wait", "unary")).toMatchObject({ reads: false, first: true, waits: true });
});

test("many calls under way get their own answers", async () => {
  const { binding } = await connect([echo]);
  const { run } = binding("/s/Echo", "unary");
  const texts = Array.from({ length: 500 }, (_, at) => `request ${at}`);
  const answers = await Promise.all(texts.map((text) => run(bytes(text), callOf().call)));
  expect(answers.map(String)).toEqual(texts.map((text) => `re: ${text}`));
});

for (const { name, error, want } of [
  {
    name: "a refusal",
    error: new EtcdError("leaseNotFound"),
    want: { code: GrpcCode.NotFound, message: "etcdserver: requested lease not found" },
  },
  {
    name: "an unexpected error, whose text stays in the log,",
    error: new Error("secret"),
    want: { code: GrpcCode.Internal, message: "etcdserver: internal error; the member's log says more" },
  },
]) {
  test(`${name} has the status that it has on one loop`, async () => {
    const { binding, errors } = await connect([{ ...echo, kind: "unary", run: () => Promise.reject(error) }]);
    await expect(binding("/s/Echo", "unary").run(bytes("a"), callOf().call)).rejects.toMatchObject(want);
    expect(errors.length).toBe(error instanceof EtcdError ? 0 : 1);
  });
}

test("a handler sees the client, its certificate and the metadata that it reads", async () => {
  const seen: Call[] = [];
  const look: Binding = {
    kind: "unary",
    path: "/s/Look",
    run: async (_, call) => {
      seen.push(call);
      return bytes("");
    },
  };
  const { binding, warnings } = await connect([look]);
  const { run } = binding("/s/Look", "unary");
  const client = { once: () => undefined };
  const of = { client, remote: "10.0.0.1:7", commonName: "alice" };
  await run(bytes("a"), callOf({ ...of, names: { token: "t1", hasleader: "true", other: "x" } }).call);
  await run(bytes("a"), callOf({ ...of, names: { "grpcgateway-accept": "*/*" } }).call);
  await run(bytes("a"), callOf().call);
  const [first, second, third] = seen;
  expect([first?.metadata("token"), first?.metadata("hasleader"), first?.metadata("other")]).toEqual([
    "t1",
    "true",
    undefined,
  ]);
  expect(first?.commonName).toBe("alice");
  expect(first?.client).toBe(second?.client);
  expect(second?.commonName).toBeUndefined();
  expect([third?.client, third?.commonName]).toEqual([undefined, undefined]);
  expect(warnings.map(({ remote }) => remote)).toEqual(["10.0.0.1:7", "10.0.0.1:7", "No remote client info."]);
});

test("front ends send all metadata that the server reads", () => {
  const root = fileURLToPath(new URL("../../../src", import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) =>
    /^(server|rpc\/services|rpc\/grpc\/gate)\b.*\.ts$/.test(path),
  );
  const read = files.flatMap((path) =>
    [...readFileSync(`${root}/${path}`, "utf8").matchAll(/\.metadata\("([^"]+)"\)/g)].map(([, name]) => name),
  );
  expect(new Set(read)).toEqual(new Set(readMetadata));
});

test("the version of a client crosses only if the gate may refuse it", async () => {
  const heard: (string | undefined)[] = [];
  const run = async (_: Uint8Array, call: Call): Promise<Uint8Array> => {
    heard.push(call.metadata("client-api-version"));
    return bytes("");
  };
  const { binding } = await connect([{ kind: "unary", path: "/s/Version", run }]);
  for (const version of ["3.5", "\xff"]) {
    await binding("/s/Version", "unary").run(bytes(""), callOf({ names: { "client-api-version": version } }).call);
  }
  expect(heard).toEqual([undefined, "\xff"]);
});

test("metadata crosses again when it differs from that of the last call of the client", async () => {
  const heard: (string | undefined)[] = [];
  const run = async (_: Uint8Array, call: Call): Promise<Uint8Array> => {
    heard.push(call.metadata("token"));
    return bytes("");
  };
  const { binding } = await connect([{ kind: "unary", path: "/s/Token", run }]);
  const [one, other] = [{ once: () => undefined }, { once: () => undefined }];
  const [first, second] = [{}, {}];
  let asked = 0;
  for (const { client, metadataKind, token } of [
    { client: one, metadataKind: first, token: "a" },
    { client: one, metadataKind: first, token: "a" },
    { client: other, metadataKind: second, token: "b" },
    { client: one, metadataKind: first, token: "a" },
    { client: one, metadataKind: second, token: "c" },
    { client: one, metadataKind: undefined, token: "d" },
    { client: one, metadataKind: undefined, token: "e" },
    { client: one, metadataKind: second, token: "c" },
    { client: undefined, metadataKind: second, token: "f" },
    { client: other, metadataKind: second, token: "b" },
  ]) {
    const metadata = (name: string) => {
      if (name === "token") asked++;
      return name === "token" ? token : undefined;
    };
    await binding("/s/Token", "unary").run(bytes(""), callOf({ client, metadataKind, metadata }).call);
  }
  expect(heard.join("")).toBe("aabacdecfb");
  // The others repeat what their client has sent with its last call.
  expect(asked).toBe(7);
});

test("a connection whose first call came through a proxy has a common name in later ones", async () => {
  const run = async (_: Uint8Array, { commonName = "nobody" }: Call): Promise<Uint8Array> => bytes(commonName);
  const { binding } = await connect([{ kind: "unary", path: "/s/Name", run }]);
  const client = { once: () => undefined };
  const names: string[] = [];
  for (const proxied of [true, false, true, false]) {
    const metadata = (name: string) => (proxied && name === "grpcgateway-accept" ? "json" : undefined);
    const { call } = callOf({ client, metadata, commonName: proxied ? undefined : "root" });
    names.push(String(await binding("/s/Name", "unary").run(bytes(""), call)));
  }
  expect(names).toEqual(["nobody", "root", "nobody", "root"]);
});

test("a cancelled call is cancelled for its handler, and its number can be used again afterwards", async () => {
  const cancelled: boolean[] = [];
  const hang: Binding = {
    kind: "unary",
    path: "/s/Hang",
    waits: true,
    run: async (_, call) => {
      await new Promise<void>((resolve) => call.signal.addEventListener("abort", () => resolve()));
      cancelled.push(call.cancelled);
      throw new EtcdError("canceled");
    },
  };
  const { binding, errors } = await connect([hang, echo]);
  for (let round = 0; round < 3; round++) {
    const { call, cancel } = callOf();
    const answer = binding("/s/Hang", "unary").run(bytes(""), call);
    cancel();
    await expect(answer).rejects.toMatchObject({ code: GrpcCode.Canceled });
    expect(String(await binding("/s/Echo", "unary").run(bytes("b"), callOf().call))).toBe("re: b");
  }
  expect(cancelled).toEqual([true, true, true]);
  expect(errors).toEqual([]);
});

const partBytes = 64 * 1024;

/** The content of a part of a long answer. */
function partOf(at: number): string {
  return `part ${at} `.padEnd(partBytes, ".");
}

/** A method with an answer of so many parts, whose second-last one may fail. */
function longMethod(parts: number, fails = false) {
  const made: number[] = [];
  let closed = 0;
  const answer: LongAnswer = {
    length: parts * partBytes,
    async *parts() {
      for (let at = 0; at < parts; at++) {
        if (fails && at === parts - 1) throw new EtcdError("compacted");
        made.push(at);
        yield bytes(partOf(at));
      }
    },
    close() {
      closed++;
    },
  };
  const binding: Binding = { kind: "unary", path: "/s/Long", run: async () => answer };
  return { binding, made, closed: () => closed };
}

async function longAnswer({ binding }: Wires, call = callOf().call): Promise<LongAnswer> {
  const answer = await binding("/s/Long", "unary").run(bytes(""), call);
  if (answer instanceof Uint8Array) throw new Error("the answer is short");
  return answer;
}

test("a long answer is made at most 128 KiB ahead of its reader", async () => {
  const { binding, made, closed } = longMethod(6);
  const answer = await longAnswer(await connect([binding]));
  expect(answer.length).toBe(6 * partBytes);
  const got: string[] = [];
  for await (const part of answer.parts()) {
    got.push(String(part));
    expect(made.length - got.length).toBeLessThanOrEqual(2);
  }
  answer.close();
  expect(got).toEqual([0, 1, 2, 3, 4, 5].map(partOf));
  await expect.poll(closed).toBe(1);
});

test("a long answer that its reader gives up is closed", async () => {
  const { binding, made, closed } = longMethod(100);
  const answer = await longAnswer(await connect([binding]));
  for await (const _ of answer.parts()) break;
  answer.close();
  await expect.poll(closed).toBe(1);
  expect(made.length).toBeLessThan(6);
});

test("a long answer that fails in the middle has all parts before the fault, then throws", async () => {
  const { binding } = longMethod(4, true);
  const answer = await longAnswer(await connect([binding]));
  const got: string[] = [];
  const reading = (async () => {
    for await (const part of answer.parts()) got.push(String(part));
  })();
  await expect(reading).rejects.toMatchObject({ code: GrpcCode.OutOfRange });
  expect(got).toEqual([0, 1, 2].map(partOf));
});

test("pages, counters and the meaning of certificates come from the state's thread", async () => {
  const asked: PageRequest[] = [];
  let namesUsers = false;
  const { remote, calls, counters } = await connect([], {
    pages: {
      async answer(request) {
        asked.push(request);
        return request.path === "/there" ? { status: 503, type: "text/x", body: "bödy", exact: true } : undefined;
      },
    },
    namesUsers: () => namesUsers,
  });
  const request = { method: "GET", path: "/there", query: "a=1", watchingOnly: true };
  expect(await remote.pages.answer(request, callOf().call)).toEqual({
    ...{ status: 503, type: "text/x", body: "bödy", exact: true },
  });
  expect(await remote.pages.answer({ ...request, path: "/lost" }, callOf().call)).toBeUndefined();
  expect(asked[0]).toEqual(request);
  namesUsers = true;
  calls.tellNamesUsers();
  await expect.poll(() => remote.namesUsers()).toBe(true);
  const put = counters.method("/kv/Put", "unary");
  put.started = 3;
  put.end(GrpcCode.NotFound);
  put.took(0.3);
  counters.client("stream", "3.5");
  const counts = await calls.counts();
  const sum = new CallCounters();
  sum.add(counts.calls);
  sum.add(counts.calls);
  expect(sum.methods).toMatchObject([{ path: "/kv/Put", type: "unary", started: 6, secondsSum: 0.6 }]);
  expect(sum.methods[0]?.handled[GrpcCode.NotFound]).toBe(2);
  expect([...sum.clients()]).toEqual([{ type: "stream", version: "3.5", count: 2 }]);
  expect(counts.memory.pot("calls")).toEqual({ heldBytes: 0, refusals: 0 });
});
