import { useRef } from "preact/hooks";
import { each } from "../../api/each.js";
import { type KeyValue, range } from "../../api/kv.js";
import { leaseIds } from "../../api/lease-list.js";
import { leaseOf } from "../../api/leases.js";
import { type Result, success } from "../../api/result.js";
import { type Loaded, useCall } from "../../state/loaded.js";
import { prefixRange } from "../../text/binary.js";
import { LeaseSurvey } from "./lease-survey.js";
import { type Queue, queueOf } from "./queues.js";

const refreshMs = 3_000;
/** The most keys that are read of one queue. */
const queueKeysMax = 500;
/** The most queues that are read in one round. */
const queuesMax = 50;

/** All queues that were found so far. */
export interface Queues {
  readonly queues: readonly Queue[];
  /** Names whose keys the caller may not read, or that have more than `queueKeysMax` keys below them. */
  readonly unread: readonly string[];
  /** Leases that have not been looked at yet. */
  readonly unknown: number;
  /** Leases beyond the bound of the survey. */
  readonly skipped: number;
  /** Names beyond `queuesMax`. */
  readonly more: number;
}

/** Finds locks and elections by the keys of all leases, and reads them again and again. */
export function useQueues(): Loaded<Queues> {
  const survey = useRef(new LeaseSurvey());
  return useCall((signal) => readQueues(survey.current, signal), [], { everyMs: refreshMs });
}

async function readQueues(survey: LeaseSurvey, signal: AbortSignal): Promise<Result<Queues>> {
  const ids = await leaseIds(signal);
  if (!ids.ok) return ids;
  const asked = await each(survey.plan(ids.value, Date.now()), async (id) => {
    const answer = await leaseOf(id, { keys: true, signal });
    if (!answer.ok && answer.error.kind !== "denied") return answer;
    survey.learn(id, answer.ok ? answer.value.keys : [], Date.now());
    return success(undefined);
  });
  if (!asked.ok) return asked;
  const unread: string[] = [];
  const queues = await each(survey.names.slice(0, queuesMax), async (name) => {
    const kvs = await queueKeys(name, signal);
    if (!kvs.ok && kvs.error.kind !== "denied") return kvs;
    const read = kvs.ok ? kvs.value : undefined;
    if (read === undefined) unread.push(name);
    return success(queueOf(name, read ?? []));
  });
  if (!queues.ok) return queues;
  return success({
    queues: queues.value.filter((queue) => queue !== undefined),
    ...{ unread, unknown: survey.unknown, skipped: survey.skipped },
    more: Math.max(survey.names.length - queuesMax, 0),
  });
}

/** @returns undefined when there are too many keys to tell who came first */
async function queueKeys(name: string, signal: AbortSignal): Promise<Result<readonly KeyValue[] | undefined>> {
  const read = await range({ ...prefixRange(`${name}/`), limit: queueKeysMax }, signal);
  return read.ok ? success(read.value.more ? undefined : read.value.kvs) : read;
}
