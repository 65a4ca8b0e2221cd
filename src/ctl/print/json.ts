import { type ApiLevel, isAtLeast } from "../../base/index.js";
import { arrayOf, type Bytes, bytesOf, printLine, textOf } from "../../cli/index.js";
import type {
  Decoded,
  DeleteRangeResponse,
  DowngradeInfo,
  HashKVResponse,
  KeyValue,
  Member,
  MemberListResponse,
  PutResponse,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  StatusResponse,
  WatchResponse,
} from "../../wire/index.js";
import type { Answer, EndpointHealth, PrintOptions } from "./answer.js";

/** A member of a JSON object as text; empty when it is omitted. */
type Part = string;

/**
 * Prints one line of JSON with etcdctl's names. Zero values are omitted, bytes are base64, and 64-bit numbers are not
 * quoted.
 */
export function printJson(answer: Answer, { hex, release }: PrintOptions): void {
  printLine(bytesOf((hex ? hexJsonOf(answer, release) : undefined) ?? jsonOf(answer, release)));
}

function jsonOf(answer: Answer, release: ApiLevel): string {
  switch (answer.kind) {
    case "put":
      return put(answer.response);
    case "get":
      return range(answer.response);
    case "del":
      return deletion(answer.response);
    case "txn": {
      const { header: of, succeeded, responses } = answer.response;
      return object(header(of), flag("succeeded", succeeded), list("responses", responses.map(operation)));
    }
    case "watch":
      return watch(answer.response);
    case "grant": {
      const { header: of, id, ttl, error } = answer.response;
      return object(...flat(of), `"ID":${id}`, `"TTL":${ttl}`, `"Error":${string(error)}`);
    }
    case "keepAlive":
      return object(...flat(answer.response.header), `"ID":${answer.response.id}`, `"TTL":${answer.response.ttl}`);
    case "timeToLive": {
      const { header: of, id, ttl, grantedTtl, keys } = answer.response;
      const facts = [`"id":${id}`, `"ttl":${ttl}`, `"granted-ttl":${grantedTtl}`];
      return object(...flat(of), ...facts, keys.length === 0 ? '"keys":null' : list("keys", keys.map(base64)));
    }
    case "leases": {
      const leases = answer.response.leases.map(({ id }) => `{"id":${id}}`);
      return object(...flat(answer.response.header), `"leases":[${leases.join(",")}]`);
    }
    case "revoke":
    case "moveLeader":
    case "done":
      return object(header(answer.response.header));
    default:
      return ofCluster(answer, release);
  }
}

function ofCluster(answer: Answer, release: ApiLevel): string {
  switch (answer.kind) {
    case "memberAdd": {
      const { header: of, member: added, members } = answer.response;
      return object(
        header(of),
        added === undefined ? "" : `"member":${member(added)}`,
        list("members", members.map(member)),
      );
    }
    case "memberRemove":
    case "memberUpdate":
    case "memberPromote":
    case "members":
      return object(header(answer.response.header), list("members", answer.response.members.map(member)));
    case "downgrade": {
      const { header: of, version } = answer.response;
      return object(header(of), version === "" ? "" : `"version":${string(version)}`);
    }
    case "alarms": {
      const alarms = answer.response.alarms.map(({ memberId, alarm }) =>
        object(number("memberID", memberId), number("alarm", alarm)),
      );
      return object(header(answer.response.header), list("alarms", alarms));
    }
    case "health":
      return `[${answer.list.map(health).join(",")}]`;
    case "status":
      return array(
        answer.list,
        ({ endpoint, response }) => `{"Endpoint":${text(endpoint)},"Status":${status(response, release)}}`,
      );
    case "hashes":
      return array(
        answer.list,
        ({ endpoint, response }) => `{"Endpoint":${text(endpoint)},"HashKV":${hash(response, release)}}`,
      );
    case "snapshotStatus":
      return JSON.stringify(answer.status);
    case "role": {
      const permissions = answer.response.perm.map(({ permType, key, rangeEnd }) =>
        object(number("permType", permType), bytes("key", key), bytes("range_end", rangeEnd)),
      );
      return object(header(answer.response.header), list("perm", permissions));
    }
    case "roles":
      return object(header(answer.response.header), list("roles", answer.response.roles.map(string)));
    case "user":
      return object(header(answer.response.header), list("roles", answer.response.roles.map(string)));
    case "users":
      return object(header(answer.response.header), list("users", answer.response.users.map(string)));
    case "authStatus": {
      const { header: of, enabled, authRevision } = answer.response;
      return object(header(of), flag("enabled", enabled), number("authRevision", authRevision));
    }
    default:
      throw new TypeError(`${answer.kind} is printed elsewhere`);
  }
}

function put({ header: of, prevKv }: Decoded<PutResponse>): string {
  return object(header(of), prevKv === undefined ? "" : `"prev_kv":${pair(prevKv)}`);
}

function range({ header: of, kvs, more, count }: Decoded<RangeResponse>): string {
  return object(header(of), list("kvs", kvs.map(pair)), flag("more", more), number("count", count));
}

function deletion({ header: of, deleted, prevKvs }: Decoded<DeleteRangeResponse>): string {
  return object(header(of), number("deleted", deleted), list("prev_kvs", prevKvs.map(pair)));
}

function operation({ response }: Decoded<ResponseOp>): string {
  switch (response?.case) {
    case "responseRange":
      return `{"Response":{"response_range":${range(response.value)}}}`;
    case "responsePut":
      return `{"Response":{"response_put":${put(response.value)}}}`;
    case "responseDeleteRange":
      return `{"Response":{"response_delete_range":${deletion(response.value)}}}`;
    default:
      return '{"Response":null}';
  }
}

/** Go's client has a type of its own for watch responses, without JSON names for its fields. */
function watch({ header: of, events, compactRevision, canceled, created }: Decoded<WatchResponse>): string {
  const shown = events.map(({ type, kv, prevKv }) =>
    object(
      number("type", type),
      kv === undefined ? "" : `"kv":${pair(kv)}`,
      prevKv === undefined ? "" : `"prev_kv":${pair(prevKv)}`,
    ),
  );
  const facts = [`"CompactRevision":${compactRevision}`, `"Canceled":${canceled}`, `"Created":${created}`];
  return object(
    `"Header":${object(...flat(of))}`,
    `"Events":${of === undefined ? "null" : `[${shown.join(",")}]`}`,
    ...facts,
  );
}

function pair({ key, createRevision, modRevision, version, value, lease }: KeyValue): string {
  return object(
    bytes("key", key),
    number("create_revision", createRevision),
    number("mod_revision", modRevision),
    number("version", version),
    value.byteLength === 0 ? "" : `"value":"${Buffer.from(value).toString("base64")}"`,
    number("lease", lease),
  );
}

function member({ id, name, peerUrls, clientUrls, isLearner }: Member): string {
  return object(
    number("ID", id),
    name === "" ? "" : `"name":${string(name)}`,
    list("peerURLs", peerUrls.map(string)),
    list("clientURLs", clientUrls.map(string)),
    flag("isLearner", isLearner),
  );
}

function health({ endpoint, health: well, took, error }: EndpointHealth): string {
  const wrong = error === "" ? "" : `"error":${text(error)}`;
  return object(`"endpoint":${text(endpoint)}`, `"health":${well}`, `"took":${string(took)}`, wrong);
}

function status(response: StatusResponse, release: ApiLevel): string {
  const { version, storageVersion, downgradeInfo } = response;
  const since36 = isAtLeast(release, "3.6")
    ? [
        storageVersion === "" ? "" : `"storageVersion":${string(storageVersion)}`,
        number("dbSizeQuota", response.dbSizeQuota),
        downgradeInfo === undefined ? "" : `"downgradeInfo":${downgrade(downgradeInfo)}`,
      ]
    : [];
  return object(
    header(response.header),
    version === "" ? "" : `"version":${string(version)}`,
    number("dbSize", response.dbSize),
    number("leader", response.leader),
    number("raftIndex", response.raftIndex),
    number("raftTerm", response.raftTerm),
    number("raftAppliedIndex", response.raftAppliedIndex),
    list("errors", response.errors.map(string)),
    number("dbSizeInUse", response.dbSizeInUse),
    flag("isLearner", response.isLearner),
    ...since36,
  );
}

function downgrade({ enabled, targetVersion }: DowngradeInfo): string {
  return object(flag("enabled", enabled), targetVersion === "" ? "" : `"targetVersion":${string(targetVersion)}`);
}

function hash({ header: of, hash: value, compactRevision, hashRevision }: HashKVResponse, release: ApiLevel): string {
  const revision = isAtLeast(release, "3.6") ? number("hash_revision", hashRevision) : "";
  return object(header(of), number("hash", value), number("compact_revision", compactRevision), revision);
}

/** With `--hex`, etcdctl has code of its own for members, so more than the ids differs; undefined for other answers. */
function hexJsonOf(answer: Answer, release: ApiLevel): string | undefined {
  if (!isAtLeast(release, "3.6")) return answer.kind === "members" ? oldHexMembers(answer.response) : undefined;
  switch (answer.kind) {
    case "memberAdd": {
      const { member: added, members } = answer.response;
      const one = added === undefined ? "null" : hexMember(added);
      return object(hexHeader(answer.response.header), `"member":${one}`, `"members":${array(members, hexMember)}`);
    }
    case "memberRemove":
    case "memberUpdate":
    case "memberPromote":
    case "members":
      return object(hexHeader(answer.response.header), `"members":${array(answer.response.members, hexMember)}`);
    default:
      return undefined;
  }
}

function hexHeader(of: ResponseHeader | undefined): string {
  const ids = [`"cluster_id":"${hex(of?.clusterId)}"`, `"member_id":"${hex(of?.memberId)}"`];
  return `"header":${object(...ids, number("revision", of?.revision ?? 0), number("raft_term", of?.raftTerm ?? 0))}`;
}

function hexMember({ id, name, peerUrls, clientUrls, isLearner }: Member): string {
  return object(
    `"ID":"${hex(id)}"`,
    name === "" ? "" : `"name":${string(name)}`,
    list("peerURLs", peerUrls.map(string)),
    list("clientURLs", clientUrls.map(string)),
    flag("isLearner", isLearner),
  );
}

/** The members as etcdctl 3.5 prints them. */
function oldHexMembers({ header: of, members }: MemberListResponse): string {
  const ids = `"cluster_id":"${hex(of?.clusterId)}","member_id":"${hex(of?.memberId)}"`;
  const shown = members.map(({ id, name, peerUrls, clientUrls }) => {
    const urls = (list: readonly string[]): string => (list.length === 0 ? "null" : `[${list.map(string).join(",")}]`);
    return `{"ID":"${hex(id)}","name":"${name}","peerURLs":${urls(peerUrls)},"clientURLS":${urls(clientUrls)}}`;
  });
  const header = `"header":{${ids},"raft_term":${of?.raftTerm ?? 0}}`;
  return shown.length === 0 ? `{${header}}` : `{${header},"members":[${shown.join(",")}]}`;
}

function hex(id: bigint | undefined): string {
  return (id ?? 0n).toString(16);
}

function header(of: ResponseHeader | undefined): Part {
  return of === undefined ? "" : `"header":${object(...flat(of))}`;
}

function flat(of: ResponseHeader | undefined): readonly Part[] {
  if (of === undefined) return [];
  const { clusterId, memberId, revision, raftTerm } = of;
  const ids = [number("cluster_id", clusterId), number("member_id", memberId)];
  return [...ids, number("revision", revision), number("raft_term", raftTerm)];
}

function object(...parts: readonly Part[]): string {
  return `{${parts.filter((part) => part !== "").join(",")}}`;
}

function array<T>(items: readonly T[], write: (item: T) => string): string {
  return `[${items.map(write).join(",")}]`;
}

function number(name: string, value: number | bigint): Part {
  return value === 0 || value === 0n ? "" : `"${name}":${value}`;
}

function flag(name: string, value: boolean): Part {
  return value ? `"${name}":true` : "";
}

function bytes(name: string, value: Bytes): Part {
  return value === "" ? "" : `"${name}":${base64(value)}`;
}

function list(name: string, items: readonly string[]): Part {
  return items.length === 0 ? "" : `"${name}":[${items.join(",")}]`;
}

function base64(value: Bytes): string {
  return `"${Buffer.from(arrayOf(value)).toString("base64")}"`;
}

function text(value: Bytes): string {
  return string(textOf(value));
}

/** A JSON string as Go writes it, with the special characters of HTML escaped. */
function string(value: string): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
