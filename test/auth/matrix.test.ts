import { expect, test } from "vitest";
import { EtcdError, GrpcCode, seededRandom } from "../../src/base/index.js";
import { wholeOf } from "../../src/rpc/grpc/answer.js";
import { clientBindings, type ServerStream } from "../../src/rpc/index.js";
import type { Call } from "../../src/server/index.js";
import { Host } from "../server/member.js";
import { type Asking, matrix, type Outcome, ours, theirs } from "./matrix.js";

// Everybody asks everything: RPC x form of the range x depth of the txn x prevKv x lease x branch not taken. The
// answers are those of a real etcd, which test/e2e/auth-matrix.test.ts asks again.

test("everybody may do what etcd lets them do, and nothing else", async () => {
  const host = new Host({ bcryptCost: 4 });
  try {
    expect(await matrix(askingOf(host, await host.start()))).toBe(ours);
  } finally {
    await host.dispose();
  }
});

/** Where others have let somebody through who may not. */
for (const { hole, row, answers } of [
  { hole: "a put in a nested txn was not looked at", row: "Put a in a nested txn", answers: "E T - - - - - +" },
  { hole: "nor was a range", row: "Range a key of others in a txn three deep", answers: "E T - - - - - +" },
  {
    hole: "prevKv in a txn showed what only a reader may see",
    row: "Put c with prevKv in a txn",
    answers: "E T - - + - - +",
  },
  {
    hole: "so did the prevKv of a delete",
    row: "DeleteRange my range with prevKv in a nested txn",
    answers: "E T - - + - - +",
  },
  {
    hole: "a branch that is not taken was not looked at, which let comparisons be tried",
    row: "Range a key of others in the branch of a txn that is not taken",
    answers: "E T - - - - - +",
  },
  {
    hole: "a key was tied to a lease whose keys its writer may not delete",
    row: "Put c with a lease: mixed, in a txn",
    answers: "E T - - - - - +",
  },
  { hole: "a lease told its keys to everybody", row: "LeaseTimeToLive mixed, with keys", answers: "E T - - - - - +" },
  { hole: "so did the list of leases", row: "LeaseLeases", answers: "E T - - - - - +" },
  { hole: "a lease was kept alive by whoever knew its id", row: "LeaseKeepAlive mixed", answers: "E T - - - - - +" },
  {
    hole: "a watch without an end was taken for one without keys",
    row: "Watch everything",
    answers: "E T - - - - - +",
  },
  {
    hole: "and from a key on, it still is in etcd 3.5",
    row: "Watch from a key of mine on",
    answers: "E T - - - - - +",
  },
  { hole: "members were listed without a token", row: "MemberList", answers: "E T + + + + + +" },
  { hole: "alarms were listed without a token", row: "Alarm, asking", answers: "E T + + + + + +" },
  { hole: "alarms were taken back by anybody", row: "Alarm, taking back", answers: "E T - - - - - +" },
  { hole: "history was compacted by anybody", row: "Compact", answers: "E T - - - - - +" },
  { hole: "a member told anybody how it is", row: "Status", answers: "E T - - - - - +" },
] as const) {
  test(`closed: ${hole}`, () => {
    expect(ours.split("\n")).toContain(`${answers}  ${row}`);
  });
}

test("one answer is not etcd's", () => {
  const their = theirs.split("\n");
  expect(ours.split("\n").filter((line, at) => line !== their[at])).toHaveLength(1);
});

/** Asks a member of this process, through the handlers that gRPC calls. */
function askingOf(host: Host, server: Host["server"]): Asking {
  const bindings = new Map(
    clientBindings(server, host.clock, seededRandom(1)).map((binding) => [binding.path, binding]),
  );
  return {
    async call(path, _, request, token): Promise<Outcome> {
      const client = new AbortController();
      const call: Call = {
        cancelled: false,
        signal: client.signal,
        metadata: (name) => (name === "token" ? token : undefined),
      };
      const binding = bindings.get(path);
      try {
        if (binding === undefined) throw new Error(`no ${path}`);
        if (binding.kind === "unary") return { bytes: await wholeOf(await binding.run(request, call)) };
        return await new Promise((resolve, reject) => {
          binding.run(streamOf(call, request, (bytes) => resolve({ bytes }))).catch(reject);
        });
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        const code = Object.entries(GrpcCode).find(([, value]) => value === error.code)?.[0] ?? "";
        return { code, text: error.message };
      } finally {
        client.abort();
      }
    },
  };
}

function streamOf(
  call: Call,
  request: Uint8Array,
  answered: (bytes: Uint8Array) => void,
): ServerStream<Uint8Array, Uint8Array> {
  return {
    call,
    async *read() {
      yield request;
      await new Promise((resolve) => call.signal.addEventListener("abort", resolve));
    },
    write(bytes) {
      answered(bytes);
      return true;
    },
    writePieces({ pieces }) {
      answered(Buffer.concat(pieces));
      return true;
    },
    drained: async () => undefined,
    end: () => undefined,
  };
}
