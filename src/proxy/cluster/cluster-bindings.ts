import { hostname } from "node:os";
import type { Binding } from "../../rpc/index.js";
import { type Member, MemberListResponse, services } from "../../wire/index.js";
import { forwarded } from "../forward.js";
import type { Upstream } from "../upstream.js";
import type { RegisteredProxy, Registry } from "./registry.js";

const { MemberAdd, MemberRemove, MemberUpdate, MemberList, MemberPromote } = services["etcdserverpb.Cluster"];

/**
 * etcdserverpb.Cluster. The list of members is that of the proxies, so that clients that follow it stay behind them:
 * the registered ones or, without a registry, this one alone. A proxy that advertises no URL passes on the true list.
 *
 * @param advertised how clients reach this proxy; empty for a proxy that does not say so
 */
export function clusterBindings(
  upstream: Upstream,
  advertised: string,
  registry: Registry | undefined,
): readonly Binding[] {
  const list: Binding =
    advertised === ""
      ? forwarded(upstream, MemberList.path, "repeatable")
      : { kind: "unary", path: MemberList.path, reads: true, run: async () => proxyList(advertised, registry) };
  return [
    forwarded(upstream, MemberAdd.path),
    forwarded(upstream, MemberRemove.path),
    forwarded(upstream, MemberUpdate.path),
    forwarded(upstream, MemberPromote.path),
    list,
  ];
}

function proxyList(advertised: string, registry: Registry | undefined): Uint8Array {
  const known = registry?.proxies ?? [];
  const proxies = known.length > 0 ? known : [{ address: advertised, name: hostname() }];
  return MemberListResponse.encode(MemberListResponse.create({ members: proxies.map(memberOf) }));
}

function memberOf({ address, name }: RegisteredProxy): Member {
  return { id: 0n, name, peerUrls: [], clientUrls: [address], isLearner: false };
}
