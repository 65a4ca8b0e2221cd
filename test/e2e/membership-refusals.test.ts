import type { ServiceError } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import type { ServerKind } from "../support/server-process.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

const able = haveReference(["etcdctl", "3.5"], ["etcd", "3.5"]);

let members: Members | undefined;
let client: TestClient | undefined;
afterEach(async () => {
  client?.close();
  await members?.stop();
  members = undefined;
});

const service = "etcdserverpb.Cluster";
const elsewhere = "http://127.0.0.1:1";

/** The outcome of a call: the code and text of its error, or the number of members in its answer. */
function outcome(call: Promise<{ readonly members: readonly unknown[] }>): Promise<string> {
  return call.then(
    ({ members: all }) => `${all.length} members`,
    (error: ServiceError) => `${error.code} ${error.details}`,
  );
}

/** Makes the same requests to a cluster of three members of the given kind. @returns the answers in order */
async function answers(kind: ServerKind): Promise<Record<string, string>> {
  members = await Members.start(kind, kind, kind);
  const { leader: a, followers } = await byRole(members);
  const [b = a, c = a] = followers;
  const [idB, idC] = [await idOf(a, b), await idOf(a, c)];
  const asked = new TestClient(a.endpoint);
  client = asked;
  const add = (peerUrls: string[], isLearner = false) =>
    outcome(asked.unary(service, "MemberAdd", { peerUrls, isLearner }));
  const remove = (id: bigint) => outcome(asked.unary(service, "MemberRemove", { id }));
  const update = (id: bigint, peerUrls: string[]) => outcome(asked.unary(service, "MemberUpdate", { id, peerUrls }));
  const promote = (id: bigint) => outcome(asked.unary(service, "MemberPromote", { id }));

  const said: Record<string, string> = {};
  said["no URL"] = await add([]);
  said["a bad URL"] = await add(["nowhere"]);
  // This request changes nothing. The health of the cluster is checked first, and then the URL, which is in use.
  const health = () => add([b.peerUrl], true);
  let tooSoon = await health();
  // On a busy machine all members may already have been connected for five seconds. A restarted member has not.
  while (!tooSoon.includes("unhealthy")) {
    await c.kill();
    await c.start("--initial-cluster", members.initialCluster());
    tooSoon = await health();
  }
  said["too soon"] = tooSoon;
  await until(async () => !(await health()).includes("unhealthy"));
  said["another's URL"] = await add([b.peerUrl]);
  said["nobody removed"] = await remove(77n);
  said["nobody moved"] = await update(77n, [elsewhere]);
  said["moved to another's URL"] = await update(idC, [b.peerUrl]);
  said["nobody promoted"] = await promote(77n);
  said["a voter promoted"] = await promote(idB);
  said["a learner"] = await add([elsewhere], true);
  said["a second learner"] = await add(["http://127.0.0.1:2"], true);
  const learner = await idOf(a, { name: "none", peerUrl: elsewhere });
  said["a learner that has not started promoted"] = await promote(learner);
  said["a learner moved"] = await update(learner, ["http://127.0.0.1:3"]);
  said["the learner removed"] = await remove(learner);
  said["the learner removed again"] = await remove(learner);
  said["the learner moved after that"] = await update(learner, [elsewhere]);
  said["a learner at a socket"] = await add(["unix:///tmp/nobody"], true);
  said["the one at a socket removed"] = await remove(await idOf(a, { name: "none", peerUrl: "unix:///tmp/nobody" }));
  await c.kill();
  await until(async () => (await health()).includes("unhealthy"));
  said["added while one is down"] = await add([elsewhere]);
  said["one that is up removed while another is down"] = await remove(idB);
  said["the one that is down removed"] = await remove(idC);
  said["a third one added"] = await add(["http://127.0.0.1:5"]);
  said["a fourth one while the third has not started"] = await add(["http://127.0.0.1:4"]);
  said["one that is up removed while the third has not started"] = await remove(idB);
  await members.stop();
  return said;
}

/** Finds the leader, for requests that must not be forwarded: a request on its way to a dying leader is lost. */
async function byRole({ all }: Members): Promise<{ readonly leader: Member; readonly followers: readonly Member[] }> {
  for (const leader of all) {
    const status = JSON.parse(await leader.done("endpoint", "status", "-w", "json"));
    const [{ Status }] = status;
    if (String(Status.leader) !== String(Status.header.member_id)) continue;
    return { leader, followers: all.filter((member) => member !== leader) };
  }
  throw new Error("nobody leads");
}

async function idOf(asked: Member, { name, peerUrl }: Pick<Member, "name" | "peerUrl">): Promise<bigint> {
  return BigInt(`0x${await members?.idOf(asked, { name, peerUrl })}`);
}

test.runIf(able)("membership changes are refused for the same reasons as in etcd 3.5", async () => {
  const real = await answers("etcd 3.5");
  expect(await answers("ours")).toEqual(real);
  expect(Object.keys(real)).toHaveLength(24);
});
