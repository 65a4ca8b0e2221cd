import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { encodeMember } from "../../../src/cluster/index.js";
import type { InitialMember, ServerConfig } from "../../../src/server/config.js";
import { confChangeCodec } from "../../../src/server/consensus/conf-change-codec.js";
import { foundingOf, refuseBootstrapped } from "../../../src/server/start/founding.js";
import type { Names } from "../../../src/server/start/name-lookup.js";
import { clusterOf, fakeClient, memberOf } from "../fake-peers.js";
import { settings, turns } from "../member.js";

const names: Names = {
  address: async (host) => {
    const found = { "one.example": "10.0.0.1", "uno.example": "10.0.0.1", six: "fd00::1" }[host];
    if (found === undefined) throw new Error("no such host");
    return found;
  },
  services: () => Promise.reject(new Error("no services here")),
};

function config(advertisePeerUrls: readonly string[]): ServerConfig {
  return { ...settings, name: "a", dataDir: "/nowhere", advertisePeerUrls };
}

const b: InitialMember = { name: "b", peerUrls: ["http://b:1"] };

function deps(clock = new ManualClock()) {
  return { names, clock, logger: silentLogger };
}

test("the first entries of three founding members equal those of etcd 3.5.30", async () => {
  const url = (port: number): readonly string[] => [`http://127.0.0.1:${port}`];
  const initial = [
    { name: "a", peerUrls: url(46101) },
    { name: "b", peerUrls: url(46103) },
    { name: "c", peerUrls: url(46105) },
  ];
  const { members, ids } = await foundingOf(config(url(46101)), initial, deps());
  expect(ids).toEqual({ memberId: 0xf648e8c01fc563fan, clusterId: 0x40a5eff693473ec1n });
  const hex = members.map((member) => {
    const context = Buffer.from(encodeMember(member), "utf8");
    const change = { version: 1, id: 0n, type: "ConfChangeAddNode", nodeId: member.id, context } as const;
    return Buffer.from(confChangeCodec.encode(change)).toString("hex");
  });
  expect(hex).toEqual(firstEntries);
});

/** The first entries in the log of a real etcd. */
const firstEntries = [
  "0800100018dcb4c5d9cd9ca8818801224b7b226964223a393830303537323634333930323035323935362c227065657255524c" +
    "73223a5b22687474703a2f2f3132372e302e302e313a3436313033225d2c226e616d65223a2262227d",
  "0800100018ebfab0c188fae89b8901224b7b226964223a393838373535313632323934383333393035312c227065657255524c" +
    "73223a5b22687474703a2f2f3132372e302e302e313a3436313035225d2c226e616d65223a2263227d",
  "0800100018fac795fe8198baa4f601224c7b226964223a31373734363639303234333531373833343233342c22706565725552" +
    "4c73223a5b22687474703a2f2f3132372e302e302e313a3436313031225d2c226e616d65223a2261227d",
];

for (const { name, advertised, listed } of [
  { name: "they are the same", advertised: ["http://x:1", "http://y:1"], listed: ["http://y:1", "http://x:1"] },
  { name: "names stand for one address", advertised: ["http://uno.example:1"], listed: ["http://one.example:1"] },
  { name: "a name stands for the address", advertised: ["http://10.0.0.1:1"], listed: ["http://one.example:1"] },
  { name: "localhost stands for its address", advertised: ["http://127.0.0.1:1"], listed: ["http://localhost:1"] },
  { name: "a name stands for an IPv6 address", advertised: ["http://six:1"], listed: ["http://[fd00::1]:1"] },
]) {
  test(`the URLs in the initial cluster match the advertised ones: ${name}`, async () => {
    const { members, ids } = await foundingOf(config(advertised), [{ name: "a", peerUrls: listed }, b], deps());
    const sorted = [...listed].sort();
    expect(members.find(({ id }) => id === ids.memberId)).toMatchObject({ name: "a", peerUrls: sorted });
  });
}

for (const { name, advertised, initial, says } of [
  {
    name: "another address",
    advertised: ["http://10.0.0.2:1"],
    initial: [{ name: "a", peerUrls: ["http://one.example:1"] }],
    says:
      "--initial-cluster has a=http://one.example:1 but missing from " +
      '--initial-advertise-peer-urls=http://10.0.0.2:1 (resolved urls: "http://10.0.0.2:1" != "http://10.0.0.1:1")',
  },
  {
    name: "another port",
    advertised: ["http://one.example:1"],
    initial: [{ name: "a", peerUrls: ["http://one.example:2"] }],
    says: "--initial-cluster has a=http://one.example:2 but missing from --initial-advertise-peer-urls",
  },
  {
    name: "one URL for two members",
    advertised: ["http://x:1"],
    initial: [
      { name: "a", peerUrls: ["http://x:1"] },
      { name: "b", peerUrls: ["http://b:1", "http://x:1"] },
    ],
    says: "initial cluster a=http://x:1,b=http://b:1,b=http://x:1 has duplicate url",
  },
  { name: "no member of this name", advertised: ["http://x:1"], initial: [b], says: `couldn't find local name "a"` },
]) {
  test(`a cluster is not founded with ${name}`, async () => {
    await expect(foundingOf(config(advertised), initial, deps())).rejects.toThrow(says);
  });
}

test("a host name that cannot be resolved is looked up again for half a minute", async () => {
  const clock = new ManualClock();
  let ended: string | undefined;
  const initial = [{ name: "a", peerUrls: ["http://late:1"] }];
  foundingOf(config(["http://10.0.0.1:1"]), initial, deps(clock)).catch((error) => {
    ended = String(error);
  });
  for (let second = 0; second < 29; second++) {
    await turns(2);
    clock.advance(1_000);
  }
  expect(ended).toBeUndefined();
  for (let second = 0; second < 3; second++) {
    await turns(2);
    clock.advance(1_000);
  }
  expect(ended).toContain('failed to resolve "http://late:1" (no such host)');
});

for (const { name, known, refused } of [
  { name: "as one that has run", known: { clientUrls: ["http://h:1"] }, refused: true },
  { name: "as one that has not run", known: { clientUrls: [] }, refused: false },
]) {
  test(`a member that its running cluster knows ${name} ${refused ? "may not" : "may"} found it again`, async () => {
    const members = [memberOf(1), memberOf(2), memberOf(3)];
    const ids = { memberId: memberOf(1).id, clusterId: clusterOf().clusterId };
    const client = fakeClient({ "http://10.0.0.3:2380": { members: clusterOf({ ...memberOf(1), ...known }) } });
    const asked = refuseBootstrapped({ members, ids }, client, new ManualClock());
    if (refused) await expect(asked).rejects.toThrow("member 1 has already been bootstrapped");
    else await expect(asked).resolves.toBeUndefined();
  });
}
