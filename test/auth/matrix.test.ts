import { expect, test } from "vitest";
import { EtcdError, GrpcCode, seededRandom } from "../../src/base/index.js";
import { wholeOf } from "../../src/rpc/grpc/answer.js";
import { clientBindings, type ServerStream } from "../../src/rpc/index.js";
import type { Call } from "../../src/server/index.js";
import { Host } from "../server/member.js";
import { type Asking, matrix, type Outcome, ours, theirs } from "./matrix.js";

// Makes all requests as all users: RPC x form of the range x depth of the txn x prevKv x lease x branch not taken. The
// expected answers are those of a real etcd 3.5, which test/e2e/auth-matrix.test.ts checks.

test("every user has exactly the rights that etcd gives", async () => {
  const host = new Host({ apiLevel: "3.5", bcryptCost: 4 });
  try {
    expect(await matrix(askingOf(host, await host.start()))).toBe(ours);
  } finally {
    await host.dispose();
  }
});

/** Rights that other versions of etcd gave by mistake. */
for (const { hole, row, answers } of [
  { hole: "a put in a nested txn was not checked", row: "Put a in a nested txn", answers: "E T - - - - - +" },
  {
    hole: "a range in a nested txn was not checked",
    row: "Range a key of others in a txn three deep",
    answers: "E T - - - - - +",
  },
  {
    hole: "prevKv of a put in a txn did not need the right to read",
    row: "Put c with prevKv in a txn",
    answers: "E T - - + - - +",
  },
  {
    hole: "prevKv of a delete in a txn did not need the right to read",
    row: "DeleteRange my range with prevKv in a nested txn",
    answers: "E T - - + - - +",
  },
  {
    hole: "a branch that is not taken was not checked, so that comparisons could be tried",
    row: "Range a key of others in the branch of a txn that is not taken",
    answers: "E T - - - - - +",
  },
  {
    hole: "a key could be attached to a lease with keys that the user may not delete",
    row: "Put c with a lease: mixed, in a txn",
    answers: "E T - - - - - +",
  },
  {
    hole: "every user could get the keys of a lease",
    row: "LeaseTimeToLive mixed, with keys",
    answers: "E T - - - - - +",
  },
  { hole: "every user could list the leases", row: "LeaseLeases", answers: "E T - - - - - +" },
  { hole: "every user could renew a lease by its id", row: "LeaseKeepAlive mixed", answers: "E T - - - - - +" },
  {
    hole: "a watch of all keys was checked like an empty range",
    row: "Watch everything",
    answers: "E T - - - - - +",
  },
  {
    hole: "a watch from a key on was checked like an empty range, as it still is in etcd 3.5",
    row: "Watch from a key of mine on",
    answers: "E T - - - - - +",
  },
  { hole: "members could be listed without a token", row: "MemberList", answers: "E T + + + + + +" },
  { hole: "alarms could be listed without a token", row: "Alarm, asking", answers: "E T + + + + + +" },
  { hole: "every user could disarm alarms", row: "Alarm, taking back", answers: "E T - - - - - +" },
  { hole: "every user could compact the history", row: "Compact", answers: "E T - - - - - +" },
  { hole: "every user could get the status of a member", row: "Status", answers: "E T - - - - - +" },
] as const) {
  test(`closed: ${hole}`, () => {
    expect(ours.split("\n")).toContain(`${answers}  ${row}`);
  });
}

test("exactly one answer differs from etcd", () => {
  const their = theirs.split("\n");
  expect(ours.split("\n").filter((line, at) => line !== their[at])).toHaveLength(1);
});

/** Makes requests to a member in this process, through the handlers of gRPC. */
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
