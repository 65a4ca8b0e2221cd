import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askHttp } from "../support/http-client.js";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, ServerProcess } from "../support/server-process.js";
import { shown } from "./http-transcript.js";
import { gatewayScenarios } from "./scenarios/gateway.js";
import type { GatewayStep } from "./scenarios/gateway-step.js";

oursAnswerAs("3.5");

// Sends the same requests over HTTP to real etcd 3.5 and to our server. Status, type and body of the answers must be
// equal. Hidden are parts that cannot be equal, and three more: `error`, the field with the text of a refusal for older
// clients; spaces between JSON values; and the kind of space in protobuf's errors, which depends on the build.

const ready = haveReference(["etcd", "3.5"]);
const servers: ServerProcess[] = [];

beforeAll(async () => {
  if (!ready) return;
  servers.push(
    ...(await Promise.all([ServerProcess.start({ kind: "etcd 3.5" }), ServerProcess.start({ kind: "ours" })])),
  );
});

afterAll(async () => {
  for (const server of servers) await server.stop();
});

describe.skipIf(!ready)("HTTP clients get the same answers as from etcd 3.5", () => {
  for (const [name, steps] of Object.entries(gatewayScenarios)) {
    test(`${name}: ${steps.length} requests`, async () => {
      const [theirs, ours] = await Promise.all(servers.map((server) => transcript(server, steps)));
      expect(ours).toEqual(theirs);
    });
  }
});

async function transcript(server: ServerProcess, steps: readonly GatewayStep[]): Promise<string[]> {
  const answers: string[] = [];
  const tokens = new Map<string, string>();
  for (const step of steps) {
    const { path, method = "POST", body = "", as, headers } = step;
    const token = as === undefined ? undefined : tokens.get(as);
    const question = token === undefined ? step : { ...step, headers: { ...headers, authorization: token } };
    const answer = await askHttp(server.endpoint, question);
    const given = /"token": ?"([^"]+)"/.exec(answer.body)?.[1];
    if (given !== undefined) tokens.set(/"name":"([^"]*)"/.exec(String(body))?.[1] ?? "", given);
    const asked = `${method} ${path} ${String(body).slice(0, 200)} ${as ?? ""}`;
    answers.push(`${asked}\n${shown(answer, step.hide)}`.replaceAll(given ?? "no token", "TOKEN"));
  }
  return answers;
}
