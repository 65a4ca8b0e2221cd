import { expect, test } from "vitest";
import { GrpcAsking } from "../auth/grpc-asking.js";
import { matrix, ours, theirs } from "../auth/matrix.js";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";

oursAnswerAs("3.5");

// Tests the rights of all users for all forms of all requests over gRPC. test/auth/matrix.test.ts makes the same
// requests within one process.

const ready = haveReference(["etcd", "3.5"]);

for (const kind of ["etcd 3.5", "ours"] as const) {
  test.skipIf(kind !== "ours" && !ready)(`${kind} answers all requests as in the table`, async () => {
    expect(await answers(kind)).toBe(kind === "ours" ? ours : theirs);
  });
}

async function answers(kind: ServerKind): Promise<string> {
  const server = await ServerProcess.start({ kind, flags: ["--bcrypt-cost", "4"] });
  const asking = new GrpcAsking(server.endpoint);
  try {
    return await matrix(asking);
  } finally {
    asking.close();
    await server.stop();
  }
}
