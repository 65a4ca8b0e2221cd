import { type Bytes, bytesOf, bytesOfArray, print, quote, unsupported } from "../../cli/index.js";
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
import type { Answer } from "./answer.js";
import { alarmName, eventName } from "./simple.js";

/** Prints lines of the form `"Name" : value`. @throws Failure for answers that have no fields */
export function printFields(answer: Answer): void {
  print(
    linesOf(answer)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

function linesOf(answer: Answer): readonly Bytes[] {
  switch (answer.kind) {
    case "put":
      return put(answer.response);
    case "get":
      return range(answer.response);
    case "del":
      return deletion(answer.response);
    case "txn":
      return txn(answer.response);
    case "watch":
      return [
        ...header(answer.response.header),
        ...answer.response.events.flatMap(({ type, kv, prevKv }) => [
          `"Type" : ${eventName(type)}`,
          ...(prevKv === undefined ? [] : pair("Prev", prevKv)),
          ...(kv === undefined ? [] : pair("", kv)),
        ]),
      ];
    case "grant":
    case "keepAlive":
      return [...header(answer.response.header), `"ID" : ${answer.response.id}`, `"TTL" : ${answer.response.ttl}`];
    case "revoke":
    case "done":
      return header(answer.response.header);
    case "timeToLive": {
      const { header: of, id, ttl, grantedTtl, keys } = answer.response;
      const facts = [`"ID" : ${id}`, `"TTL" : ${ttl}`, `"GrantedTTL" : ${grantedTtl}`];
      return [...header(of), ...facts, ...keys.map((key) => `"Key" : ${quote(key)}`)];
    }
    case "leases":
      return [...header(answer.response.header), ...answer.response.leases.map(({ id }) => `"ID" : ${id}`)];
    default:
      return ofCluster(answer);
  }
}

function ofCluster(answer: Answer): readonly Bytes[] {
  switch (answer.kind) {
    case "members":
      return [...header(answer.response.header), ...answer.response.members.flatMap(member)];
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
        ...status(response),
        `"Endpoint" : ${quote(endpoint)}`,
        "",
      ]);
    case "hashes":
      return answer.list.flatMap(({ endpoint, response }) => [
        ...header(response.header),
        `"Endpoint" : ${quote(endpoint)}`,
        `"Hash" : ${response.hash}`,
        "",
      ]);
    case "alarms":
      return [
        ...header(answer.response.header),
        ...answer.response.alarms.flatMap(({ memberId, alarm }) => [
          `"MemberID" : ${memberId}`,
          `"AlarmType" : ${alarmName(alarm)}`,
          "",
        ]),
      ];
    case "role":
      return [
        ...header(answer.response.header),
        ...answer.response.perm.flatMap(({ permType, key, rangeEnd }) => [
          `"PermType" :  ${permissionName(permType)}`,
          `"Key" : ${quote(key)}`,
          `"RangeEnd" : ${quote(rangeEnd)}`,
        ]),
      ];
    case "roles":
      return [
        ...header(answer.response.header),
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

function header(of: ResponseHeader | undefined): readonly Bytes[] {
  const { clusterId = 0n, memberId = 0n, revision = 0, raftTerm = 0 } = of ?? {};
  return [
    `"ClusterID" : ${clusterId}`,
    `"MemberID" : ${memberId}`,
    `"Revision" : ${revision}`,
    `"RaftTerm" : ${raftTerm}`,
  ];
}

function pair(prefix: string, { key, createRevision, modRevision, version, value, lease }: KeyValue): readonly Bytes[] {
  return [
    `"${prefix}Key" : ${quote(key)}`,
    `"${prefix}CreateRevision" : ${createRevision}`,
    `"${prefix}ModRevision" : ${modRevision}`,
    `"${prefix}Version" : ${version}`,
    `"${prefix}Value" : ${quote(bytesOfArray(value))}`,
    `"${prefix}Lease" : ${lease}`,
  ];
}

function member({ id, name, peerUrls, clientUrls, isLearner }: Member): readonly Bytes[] {
  return [
    `"ID" : ${id}`,
    `"Name" : ${quote(bytesOf(name))}`,
    ...peerUrls.map((url) => `"PeerURL" : ${quote(bytesOf(url))}`),
    ...clientUrls.map((url) => `"ClientURL" : ${quote(bytesOf(url))}`),
    `"IsLearner" : ${isLearner}`,
    "",
  ];
}

function put(response: Decoded<PutResponse>): readonly Bytes[] {
  return [...header(response.header), ...(response.prevKv === undefined ? [] : pair("Prev", response.prevKv))];
}

function range(response: Decoded<RangeResponse>): readonly Bytes[] {
  const pairs = response.kvs.flatMap((kv) => pair("", kv));
  return [...header(response.header), ...pairs, `"More" : ${response.more}`, `"Count" : ${response.count}`];
}

function deletion(response: Decoded<DeleteRangeResponse>): readonly Bytes[] {
  const pairs = response.prevKvs.flatMap((kv) => pair("Prev", kv));
  return [...header(response.header), `"Deleted" : ${response.deleted}`, ...pairs];
}

function txn({ header: of, succeeded, responses }: Decoded<TxnResponse>): readonly Bytes[] {
  const parts = responses.flatMap(({ response }): readonly Bytes[] => {
    switch (response?.case) {
      case "responseRange":
        return range(response.value);
      case "responsePut":
        return put(response.value);
      case "responseDeleteRange":
        return deletion(response.value);
      default:
        return [];
    }
  });
  return [...header(of), `"Succeeded" : ${succeeded}`, ...parts];
}

function status(response: StatusResponse): readonly Bytes[] {
  return [
    ...header(response.header),
    `"Version" : ${quote(bytesOf(response.version))}`,
    `"DBSize" : ${response.dbSize}`,
    `"Leader" : ${response.leader}`,
    `"IsLearner" : ${response.isLearner}`,
    `"RaftIndex" : ${response.raftIndex}`,
    `"RaftTerm" : ${response.raftTerm}`,
    `"RaftAppliedIndex" : ${response.raftAppliedIndex}`,
    `"Errors" : [${bytesOf(response.errors.join(" "))}]`,
  ];
}
