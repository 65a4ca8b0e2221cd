import { isAtLeast } from "../../base/index.js";
import { type Bytes, bytesOf, bytesOfArray, hexId, print, quote, unsupported } from "../../cli/index.js";
import {
  authpb,
  type Decoded,
  type DeleteRangeResponse,
  type KeyValue,
  type Member,
  type PutResponse,
  type RangeResponse,
  type ResponseHeader,
  type StatusResponse,
  type TxnResponse,
} from "../../wire/index.js";
import type { Answer, PrintOptions } from "./answer.js";
import { alarmName, eventName } from "./simple.js";

/** The options that the lines depend on. */
type Style = Pick<PrintOptions, "hex" | "release">;

/** Prints lines of the form `"Name" : value`. @throws Failure for answers that have no fields */
export function printFields(answer: Answer, { hex, release }: PrintOptions): void {
  // etcdctl 3.5 prints ids in decimal in any case.
  const style = { release, hex: hex && isAtLeast(release, "3.6") };
  print(
    linesOf(answer, style)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

function linesOf(answer: Answer, style: Style): readonly Bytes[] {
  switch (answer.kind) {
    case "put":
      return put(answer.response, style);
    case "get":
      return range(answer.response, style);
    case "del":
      return deletion(answer.response, style);
    case "txn":
      return txn(answer.response, style);
    case "watch":
      return [
        ...header(answer.response.header, style),
        ...answer.response.events.flatMap(({ type, kv, prevKv }) => [
          `"Type" : ${eventName(type)}`,
          ...(prevKv === undefined ? [] : pair("Prev", prevKv, style)),
          ...(kv === undefined ? [] : pair("", kv, style)),
        ]),
      ];
    case "grant":
    case "keepAlive":
      return [
        ...header(answer.response.header, style),
        `"ID" : ${leaseId(answer.response.id, style)}`,
        `"TTL" : ${answer.response.ttl}`,
      ];
    case "revoke":
    case "done":
      return header(answer.response.header, style);
    case "timeToLive": {
      const { header: of, id, ttl, grantedTtl, keys } = answer.response;
      const facts = [`"ID" : ${leaseId(id, style)}`, `"TTL" : ${ttl}`, `"GrantedTTL" : ${grantedTtl}`];
      return [...header(of, style), ...facts, ...keys.map((key) => `"Key" : ${quote(key)}`)];
    }
    case "leases":
      return [
        ...header(answer.response.header, style),
        ...answer.response.leases.map(({ id }) => `"ID" : ${leaseId(id, style)}`),
      ];
    default:
      return ofCluster(answer, style);
  }
}

function ofCluster(answer: Answer, style: Style): readonly Bytes[] {
  switch (answer.kind) {
    case "members":
      return [
        ...header(answer.response.header, style),
        ...answer.response.members.flatMap((one) => member(one, style)),
      ];
    case "health":
      return answer.list.flatMap(({ endpoint, health, took, error }) => [
        `"Endpoint" : ${quote(endpoint)}`,
        `"Health" : ${health}`,
        `"Took" : ${bytesOf(took)}`,
        `"Error" : ${error}`,
        "",
      ]);
    case "status":
      return answer.list.flatMap(({ endpoint, response }) => [
        ...status(response, style),
        `"Endpoint" : ${quote(endpoint)}`,
        ...downgrade(response, style),
        "",
      ]);
    case "hashes":
      return answer.list.flatMap(({ endpoint, response }) => [
        ...header(response.header, style),
        `"Endpoint" : ${quote(endpoint)}`,
        `"Hash" : ${response.hash}`,
        ...(isAtLeast(style.release, "3.6") ? [`"HashRevision" : ${response.hashRevision}`] : []),
        "",
      ]);
    case "alarms":
      return [
        ...header(answer.response.header, style),
        ...answer.response.alarms.flatMap(({ memberId, alarm }) => [
          `"MemberID" : ${id(memberId, style)}`,
          `"AlarmType" : ${alarmName(alarm)}`,
          "",
        ]),
      ];
    case "role":
      return [
        ...header(answer.response.header, style),
        ...answer.response.perm.flatMap(({ permType, key, rangeEnd }) => [
          `"PermType" :  ${permissionName(permType)}`,
          `"Key" : ${quote(key)}`,
          `"RangeEnd" : ${quote(rangeEnd)}`,
        ]),
      ];
    case "roles":
      return [
        ...header(answer.response.header, style),
        `"Roles" :${answer.response.roles.map((role) => ` ${quote(bytesOf(role))}`).join("")}`,
      ];
    case "snapshotStatus": {
      const { hash, revision, totalKey, totalSize } = answer.status;
      return [`"Hash" : ${hash}`, `"Revision" : ${revision}`, `"Keys" : ${totalKey}`, `"Size" : ${totalSize}`];
    }
    default:
      throw unsupported("fields");
  }
}

function permissionName(permType: number): string {
  return Object.entries(authpb.PermissionType).find(([, value]) => value === permType)?.[0] ?? String(permType);
}

function header(of: ResponseHeader | undefined, style: Style): readonly Bytes[] {
  const { clusterId = 0n, memberId = 0n, revision = 0, raftTerm = 0 } = of ?? {};
  // Answers that are not about keys have no revision. Since 3.6 etcdctl does not print it then.
  const shown = revision > 0 || !isAtLeast(style.release, "3.6");
  return [
    `"ClusterID" : ${id(clusterId, style)}`,
    `"MemberID" : ${id(memberId, style)}`,
    ...(shown ? [`"Revision" : ${revision}`] : []),
    `"RaftTerm" : ${raftTerm}`,
  ];
}

function id(value: bigint, { hex }: Style): Bytes {
  return hex ? value.toString(16) : String(value);
}

function leaseId(value: bigint, { hex }: Style): Bytes {
  return hex ? hexId(value) : String(value);
}

function pair(prefix: string, kv: KeyValue, style: Style): readonly Bytes[] {
  const { key, createRevision, modRevision, version, value, lease } = kv;
  return [
    `"${prefix}Key" : ${quote(key)}`,
    `"${prefix}CreateRevision" : ${createRevision}`,
    `"${prefix}ModRevision" : ${modRevision}`,
    `"${prefix}Version" : ${version}`,
    `"${prefix}Value" : ${quote(bytesOfArray(value))}`,
    `"${prefix}Lease" : ${leaseId(lease, style)}`,
  ];
}

function member({ id: memberId, name, peerUrls, clientUrls, isLearner }: Member, style: Style): readonly Bytes[] {
  return [
    `"ID" : ${id(memberId, style)}`,
    `"Name" : ${quote(bytesOf(name))}`,
    ...peerUrls.map((url) => `"PeerURL" : ${quote(bytesOf(url))}`),
    ...clientUrls.map((url) => `"ClientURL" : ${quote(bytesOf(url))}`),
    `"IsLearner" : ${isLearner}`,
    "",
  ];
}

function put(response: Decoded<PutResponse>, style: Style): readonly Bytes[] {
  return [
    ...header(response.header, style),
    ...(response.prevKv === undefined ? [] : pair("Prev", response.prevKv, style)),
  ];
}

function range(response: Decoded<RangeResponse>, style: Style): readonly Bytes[] {
  const pairs = response.kvs.flatMap((kv) => pair("", kv, style));
  return [...header(response.header, style), ...pairs, `"More" : ${response.more}`, `"Count" : ${response.count}`];
}

function deletion(response: Decoded<DeleteRangeResponse>, style: Style): readonly Bytes[] {
  const pairs = response.prevKvs.flatMap((kv) => pair("Prev", kv, style));
  return [...header(response.header, style), `"Deleted" : ${response.deleted}`, ...pairs];
}

function txn({ header: of, succeeded, responses }: Decoded<TxnResponse>, style: Style): readonly Bytes[] {
  const parts = responses.flatMap(({ response }): readonly Bytes[] => {
    switch (response?.case) {
      case "responseRange":
        return range(response.value, style);
      case "responsePut":
        return put(response.value, style);
      case "responseDeleteRange":
        return deletion(response.value, style);
      default:
        return [];
    }
  });
  return [...header(of, style), `"Succeeded" : ${succeeded}`, ...parts];
}

function status(response: StatusResponse, style: Style): readonly Bytes[] {
  const since36 = isAtLeast(style.release, "3.6");
  const sizes = [`"DBSizeInUse" : ${response.dbSizeInUse}`, `"DBSizeQuota" : ${response.dbSizeQuota}`];
  return [
    ...header(response.header, style),
    `"Version" : ${quote(bytesOf(response.version))}`,
    ...(since36 ? [`"StorageVersion" : ${quote(bytesOf(response.storageVersion))}`] : []),
    `"DBSize" : ${response.dbSize}`,
    ...(since36 ? sizes : []),
    `"Leader" : ${response.leader}`,
    `"IsLearner" : ${response.isLearner}`,
    `"RaftIndex" : ${response.raftIndex}`,
    // etcdctl 3.6 and 3.7 printed the term twice at first, like 3.5. Their newest releases do not.
    ...(since36 ? [] : [`"RaftTerm" : ${response.raftTerm}`]),
    `"RaftAppliedIndex" : ${response.raftAppliedIndex}`,
    `"Errors" : [${bytesOf(response.errors.join(" "))}]`,
  ];
}

function downgrade({ downgradeInfo }: StatusResponse, { release }: Style): readonly Bytes[] {
  if (!isAtLeast(release, "3.6")) return [];
  const { enabled = false, targetVersion = "" } = downgradeInfo ?? {};
  return [`"DowngradeTargetVersion" : ${quote(bytesOf(targetVersion))}`, `"DowngradeEnabled" : ${enabled}`];
}
