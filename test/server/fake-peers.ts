import type { ClusterId, MemberId } from "../../src/base/index.js";
import type { Member } from "../../src/cluster/index.js";
import type { PeerClient, PeerMembers, PeerVersions } from "../../src/transport/index.js";

/** The answers of a peer. A field that is missing means that the peer does not answer the request. */
export interface FakePeer {
  readonly members?: PeerMembers;
  readonly versions?: PeerVersions;
  readonly downgrading?: boolean;
}

/** A client of peers that do not exist: it gives the answers of `peers`, by URL. */
export function fakeClient(peers: Readonly<Record<string, FakePeer>>): PeerClient {
  const answer = async <Key extends keyof FakePeer>(url: string, what: Key): Promise<NonNullable<FakePeer[Key]>> => {
    const said = peers[url]?.[what];
    if (said === undefined || said === null) throw new Error(`${url} does not answer`);
    return said;
  };
  const unasked = (): Promise<never> => Promise.reject(new Error("nobody asks that here"));
  return {
    members: (url) => answer(url, "members"),
    versions: (url) => answer(url, "versions"),
    downgradeEnabled: (url) => answer(url, "downgrading"),
    promote: unasked,
    renewLease: unasked,
    leaseTimeToLive: unasked,
    hashKv: unasked,
    console: unasked,
    stop: () => undefined,
  };
}

export function memberOf(id: number | bigint, more: Partial<Member> = {}): Member {
  const base = { name: `m${id}`, peerUrls: [`http://10.0.0.${id}:2380`], clientUrls: ["http://h:1"], isLearner: false };
  return { id: BigInt(id) as MemberId, ...base, ...more };
}

export function clusterOf(...members: readonly Member[]): PeerMembers {
  return { clusterId: 0xcafen as ClusterId, members };
}
