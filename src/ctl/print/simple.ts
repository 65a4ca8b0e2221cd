import { type ApiLevel, isAtLeast, isOneKey, openEnd, prefixEnd } from "../../base/index.js";
import {
  type Bytes,
  bytesOf,
  bytesOfArray,
  complain,
  hexEscaped,
  hexId,
  joined,
  print,
  printLine,
} from "../../cli/index.js";
import {
  AlarmType,
  type AuthRoleGetResponse,
  type Decoded,
  EventType,
  type KeyValue,
  type LeaseTimeToLiveResponse,
  type TxnResponse,
} from "../../wire/index.js";
import type { Answer, EndpointHealth, PrintOptions } from "./answer.js";
import { hashRows, memberRows, snapshotRows, statusRows } from "./rows.js";

/** Prints plain lines, one fact in each, for people and for scripts. */
export function printSimple(answer: Answer, options: PrintOptions): void {
  switch (answer.kind) {
    case "get":
      printPairs(answer.response.kvs, options);
      break;
    case "put":
      printLine("OK");
      printPairs(answer.response.prevKv === undefined ? [] : [answer.response.prevKv], options);
      break;
    case "del":
      printLine(String(answer.response.deleted));
      printPairs(answer.response.prevKvs, options);
      break;
    case "txn":
      printTxn(answer.response, options);
      break;
    case "watch":
      for (const { type, kv, prevKv } of answer.response.events) {
        printLine(eventName(type));
        printPairs(
          [prevKv, kv].filter((pair) => pair !== undefined),
          options,
        );
      }
      break;
    case "health":
      answer.list.forEach(printHealth);
      break;
    default:
      print(
        told(answer, options.release)
          .map((line) => `${line}\n`)
          .join(""),
      );
  }
}

export function eventName(type: number): string {
  return type === EventType.DELETE ? "DELETE" : type === EventType.PUT ? "PUT" : String(type);
}

export function alarmName(alarm: number): string {
  const names = Object.entries(AlarmType).find(([, value]) => value === alarm);
  return names?.[0] ?? String(alarm);
}

/** The lines of an answer. */
function told(answer: Answer, release: ApiLevel): readonly Bytes[] {
  switch (answer.kind) {
    case "grant":
      return [`lease ${hexId(answer.response.id)} granted with TTL(${answer.response.ttl}s)`];
    case "revoke":
      return [`lease ${hexId(answer.id)} revoked`];
    case "keepAlive":
      return [`lease ${hexId(answer.response.id)} keepalived with TTL(${answer.response.ttl})`];
    case "timeToLive":
      return [timeToLive(answer.response, answer.keys)];
    case "leases":
      return [`found ${answer.response.leases.length} leases`, ...answer.response.leases.map(({ id }) => hexId(id))];
    case "memberAdd": {
      const { member, header } = answer.response;
      const as = member?.isLearner === true && isAtLeast(release, "3.6") ? " as learner" : "";
      return [`Member ${hex(member?.id)} added${as} to cluster ${hex(header?.clusterId)}`];
    }
    case "memberRemove":
      return [`Member ${hex(answer.id)} removed from cluster ${hex(answer.response.header?.clusterId)}`];
    case "memberUpdate":
      return [`Member ${hex(answer.id)} updated in cluster ${hex(answer.response.header?.clusterId)}`];
    case "memberPromote":
      return [`Member ${hex(answer.id)} promoted in cluster ${hex(answer.response.header?.clusterId)}`];
    case "members":
      return joined(memberRows(answer.response.members));
    case "alarms":
      return answer.response.alarms.map(({ memberId, alarm }) => `memberID:${memberId} alarm:${alarmName(alarm)} `);
    case "moveLeader":
      return [`Leadership transferred from ${answer.leader.toString(16)} to ${answer.target.toString(16)}`];
    case "downgrade":
      return [`Downgrade ${answer.action} success, cluster version ${bytesOf(answer.response.version)}`];
    case "status":
      return joined(statusRows(answer.list, release));
    case "hashes":
      return joined(hashRows(answer.list, release));
    case "snapshotStatus":
      return joined(snapshotRows(answer.status));
    case "role":
      return rolePermissions(answer.role, answer.response, release);
    case "roles":
      return answer.response.roles.map(bytesOf);
    case "user":
      return [`User: ${answer.user}`, `Roles:${answer.response.roles.map((role) => ` ${bytesOf(role)}`).join("")}`];
    case "users":
      return answer.response.users.map(bytesOf);
    case "authStatus":
      return [`Authentication Status: ${answer.response.enabled}`, `AuthRevision: ${answer.response.authRevision}`];
    case "done":
      return [answer.says];
    default:
      return [];
  }
}

function printPairs(pairs: readonly KeyValue[], { hex: asHex, valueOnly }: PrintOptions): void {
  const shown = (bytes: Bytes): Bytes => (asHex ? hexEscaped(bytes) : bytes);
  const lines: Bytes[] = [];
  for (const { key, value } of pairs) {
    if (!valueOnly) lines.push(shown(key));
    lines.push(shown(bytesOfArray(value)));
  }
  if (lines.length > 0) printLine(lines.join("\n"));
}

function printTxn({ succeeded, responses }: Decoded<TxnResponse>, options: PrintOptions): void {
  printLine(succeeded ? "SUCCESS" : "FAILURE");
  for (const { response } of responses) {
    printLine("");
    switch (response?.case) {
      case "responseRange":
        printSimple({ kind: "get", response: response.value }, options);
        break;
      case "responsePut":
        printSimple({ kind: "put", response: response.value }, options);
        break;
      case "responseDeleteRange":
        printSimple({ kind: "del", response: response.value }, options);
        break;
      default:
        printLine("unexpected response");
    }
  }
}

function printHealth({ endpoint, took, error }: EndpointHealth): void {
  if (error === "") printLine(`${endpoint} is healthy: successfully committed proposal: took = ${bytesOf(took)}`);
  else complain(`${endpoint} is unhealthy: failed to commit proposal: ${error}`);
}

function timeToLive({ id, ttl, grantedTtl, keys }: LeaseTimeToLiveResponse, withKeys: boolean): Bytes {
  if (grantedTtl === 0 && ttl === -1) return `lease ${hexId(id)} already expired`;
  const text = `lease ${hexId(id)} granted with TTL(${grantedTtl}s), remaining(${ttl}s)`;
  return withKeys ? `${text}, attached keys([${keys.join(" ")}])` : text;
}

function rolePermissions(role: Bytes, { perm }: AuthRoleGetResponse, release: ApiLevel): readonly Bytes[] {
  if (role === "root" && perm.length === 0 && isAtLeast(release, "3.6")) {
    // The role has no permissions of its own, and everything is allowed to it.
    const everything = `\t${rangeText("", openEnd)}`;
    return [`Role ${role}`, "KV Read:", everything, "KV Write:", everything];
  }
  const read = perm.filter(({ permType }) => permType === 0 || permType === 2);
  const write = perm.filter(({ permType }) => permType === 1 || permType === 2);
  return [`Role ${role}`, "KV Read:", ...read.map(permission), "KV Write:", ...write.map(permission)];
}

function permission({ key, rangeEnd }: { readonly key: Bytes; readonly rangeEnd: Bytes }): Bytes {
  if (isOneKey(rangeEnd)) return `\t${key}`;
  return `\t${rangeText(key, rangeEnd)}${prefixEnd(key) === rangeEnd ? ` (prefix ${key})` : ""}`;
}

/** A range of more than one key, as etcdctl prints it; one without an upper bound has no closing bracket there. */
export function rangeText(key: Bytes, rangeEnd: Bytes): Bytes {
  return rangeEnd === openEnd ? `[${key}, <open ended>` : `[${key}, ${rangeEnd})`;
}

/** An id in hexadecimal, padded to 16 columns with spaces, as etcdctl's `%16x`. */
function hex(id: bigint | undefined): string {
  return (id ?? 0n).toString(16).padStart(16, " ");
}
