import type { ServiceError } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { GrpcCode } from "../../src/base/index.js";
import { DowngradeAction } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";

oursAnswerAs("3.5");

// Compares downgrades with real etcd 3.5: the checks, their order and their texts.

const { VALIDATE, ENABLE, CANCEL } = DowngradeAction;

const requests: readonly (readonly [action: number, version: string])[] = [
  [VALIDATE, ""],
  [VALIDATE, "3"],
  [VALIDATE, "3.4"],
  [VALIDATE, "3.4.0"],
  [VALIDATE, "3.4.23"],
  [VALIDATE, "3.4.0-rc.1"],
  [VALIDATE, "v3.4"],
  [VALIDATE, "3.04.0"],
  [VALIDATE, "3.5"],
  [VALIDATE, "3.3"],
  [VALIDATE, "2.4"],
  [CANCEL, ""],
  [7, "3.4"],
  [ENABLE, "nonsense"],
  [ENABLE, "3.5.0"],
  [ENABLE, "3.4.7"],
  [VALIDATE, "3.4"],
  [ENABLE, "3.4"],
  [CANCEL, "whatever"],
  [CANCEL, ""],
  [VALIDATE, "3.4"],
];

interface Answer {
  readonly action: number;
  readonly version: string;
  readonly code: number;
  /** The cluster's version, or the text of the error. */
  readonly says: string;
}

/** Replaces an answer that etcd never gives: it carries out the request, but the client waits in vain. */
function answeredInVain(answer: Answer): Answer {
  const { action, code } = answer;
  // The deadline passes at the client and at the server, so either can report it.
  const gaveUp: readonly number[] = [GrpcCode.Canceled, GrpcCode.DeadlineExceeded, GrpcCode.Unavailable];
  return action !== VALIDATE && gaveUp.includes(code) ? { ...answer, code: 0, says: "3.5.0" } : answer;
}

async function answers(kind: ServerKind): Promise<Answer[]> {
  const server = await ServerProcess.start({ kind });
  const client = new TestClient(server.endpoint);
  // This client is for requests that etcd carries out and never answers.
  const hasty = kind === "ours" ? client : new TestClient(server.endpoint, 2_000);
  const said: Answer[] = [];
  try {
    for (const [action, version] of requests) {
      const asked = action === VALIDATE ? client : hasty;
      const answer = await asked.unary("etcdserverpb.Maintenance", "Downgrade", { action, version }).then(
        (response) => ({ code: 0, says: response.version }),
        ({ code, details }: ServiceError) => ({ code, says: details }),
      );
      said.push({ action, version, ...answer });
    }
  } finally {
    client.close();
    hasty.close();
    await server.stop();
  }
  return said;
}

test.skipIf(!haveReference(["etcd", "3.5"]))("a downgrade can be enabled and cancelled as in etcd 3.5", async () => {
  const [theirs, ours] = await Promise.all([answers("etcd 3.5"), answers("ours")]);
  expect(ours).toEqual(theirs.map(answeredInVain));
  expect(ours.filter(({ code }) => code === 0)).toHaveLength(8);
});
