import type { IncomingHttpHeaders } from "node:http";
import { type Clock, type ClusterId, EtcdError, errorText, type LeaseId, type MemberId, Turns } from "../base/index.js";
import { idText, type Member } from "../cluster/index.js";
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse, leasepb } from "../wire/index.js";
import { answerTo, Dialer, type DialerConfig, type Headers, PeerError, readBody } from "./dialer.js";
import { decodeLeaseAnswer, type LeaseTimeToLive } from "./lease-answers.js";
import { decodeMembers } from "./member-json.js";
import type { RevisionHash } from "./peer-endpoints.js";
import { clusterIdHeader, clusterIdMismatch, header, parseId } from "./peer-headers.js";
import { paths, texts } from "./peer-paths.js";

export interface PeerMembers {
  readonly clusterId: ClusterId;
  readonly members: readonly Member[];
}

export interface PeerVersions {
  readonly server: string;
  /** Undefined until the cluster has decided on a version. */
  readonly cluster: string | undefined;
}

/**
 * Requests to one peer, at one of its URLs. Each ends with an answer, an `EtcdError` from the peer, or a `PeerError`:
 * the peer was not reached, or answered as no member does. Aborting the signal ends the wait.
 */
export interface PeerClient {
  members(url: string, signal: AbortSignal): Promise<PeerMembers>;
  versions(url: string, signal: AbortSignal): Promise<PeerVersions>;
  /** @throws EtcdError `memberNotFound`, `memberNotLearner`, `learnerNotReady`, `timeout` */
  promote(url: string, id: MemberId, token: string, signal: AbortSignal): Promise<readonly Member[]>;
  /** @throws EtcdError `leaseNotFound`, `timeout` */
  renewLease(url: string, id: LeaseId, signal: AbortSignal): Promise<number>;
  /** @throws EtcdError `leaseNotFound`, `timeout` */
  leaseTimeToLive(url: string, id: LeaseId, keys: boolean, signal: AbortSignal): Promise<LeaseTimeToLive>;
  /**
   * Members before 3.5 do not know this request.
   *
   * @throws EtcdError `compacted`, `futureRevision`, `clusterIdMismatch`
   */
  hashKv(url: string, clusterId: ClusterId, revision: number, signal: AbortSignal): Promise<RevisionHash>;
  /** Members before 3.5 do not know this request. */
  downgradeEnabled(url: string, signal: AbortSignal): Promise<boolean>;
  /** Asks for the console. @returns undefined from a member that does not know such questions, as those of etcd */
  console(url: string, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Aborts all requests under way. */
  stop(): void;
}

/** The most bytes of an answer. A lease can hold many keys; no other answer is large. */
const answerBytesMax = 100 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends the requests over HTTP, as etcd's members do. */
export class HttpPeerClient implements PeerClient {
  readonly #dialer: Dialer;
  readonly #clock: Clock;

  constructor(config: DialerConfig) {
    this.#dialer = new Dialer(config);
    this.#clock = config.clock;
  }

  async members(url: string, signal: AbortSignal): Promise<PeerMembers> {
    const answer = await this.#ask("GET", url, paths.members, signal);
    const clusterId = parseId(header(answer.headers, clusterIdHeader) ?? "");
    if (answer.status !== 200 || clusterId === undefined) throw unexpected(answer);
    return { clusterId: clusterOf(clusterId), members: read(answer, decodeMembers) };
  }

  async versions(url: string, signal: AbortSignal): Promise<PeerVersions> {
    const answer = await this.#ask("GET", url, paths.version, signal);
    if (answer.status !== 200) throw unexpected(answer);
    const { etcdserver, etcdcluster } = read(answer, readObject);
    if (typeof etcdserver !== "string" || typeof etcdcluster !== "string") throw unexpected(answer);
    return { server: etcdserver, cluster: etcdcluster === texts.notDecided ? undefined : etcdcluster };
  }

  async promote(url: string, id: MemberId, token: string, signal: AbortSignal): Promise<readonly Member[]> {
    const headers: Headers = token === "" ? {} : { Authorization: token };
    const answer = await this.#ask("POST", url, `${paths.promote}${id}`, signal, headers);
    const text = answer.body.toString();
    if (answer.status === 200) return read(answer, decodeMembers);
    if (answer.status === 404) throw new EtcdError("memberNotFound");
    if (answer.status === 408) throw new EtcdError("timeout");
    if (answer.status === 412 && text.includes(texts.learnerNotReady)) throw new EtcdError("learnerNotReady");
    if (answer.status === 412 && text.includes(texts.memberNotLearner)) throw new EtcdError("memberNotLearner");
    throw unexpected(answer);
  }

  async renewLease(url: string, id: LeaseId, signal: AbortSignal): Promise<number> {
    const answer = await this.#askLease(url, paths.leases, LeaseKeepAliveRequest.encode({ id }), signal);
    const response = read(answer, () => LeaseKeepAliveResponse.decode(answer.body));
    if (response.id !== id) throw unexpected(answer);
    return response.ttl;
  }

  async leaseTimeToLive(url: string, id: LeaseId, keys: boolean, signal: AbortSignal): Promise<LeaseTimeToLive> {
    const request = leasepb.LeaseInternalRequest.encode({ leaseTimeToLiveRequest: { id, keys } });
    const answer = await this.#askLease(url, paths.leasesInternal, request, signal);
    const lease = await decodeLeaseAnswer(answer.body, new Turns(this.#clock)).catch(() => undefined);
    if (lease === undefined || lease.id !== id) throw unexpected(answer);
    return { ttl: lease.ttl, grantedTtl: lease.grantedTtl, keys: lease.keys };
  }

  async hashKv(url: string, clusterId: ClusterId, revision: number, signal: AbortSignal): Promise<RevisionHash> {
    const headers = { "Content-Type": "application/json", [clusterIdHeader]: idText(clusterId) };
    const body = Buffer.from(JSON.stringify(revision === 0 ? {} : { revision }));
    const answer = await this.#ask("GET", url, paths.hashKv, signal, headers, body);
    const text = answer.body.toString();
    if (answer.status === 400 && text.includes(texts.compacted)) throw new EtcdError("compacted");
    if (answer.status === 400 && text.includes(texts.futureRevision)) throw new EtcdError("futureRevision");
    if (answer.status === 412 && text.includes(clusterIdMismatch)) throw new EtcdError("clusterIdMismatch");
    if (answer.status !== 200) throw unexpected(answer);
    const { header: responseHeader, hash, compact_revision: compactRevision } = read(answer, readObject);
    // Fields that are zero may be missing, so without this check an empty object would pass as an answer.
    if (typeof responseHeader !== "object" || responseHeader === null) throw unexpected(answer);
    const { revision: currentRevision }: { revision?: unknown } = responseHeader;
    return {
      hash: countOf(hash, answer),
      compactRevision: countOf(compactRevision, answer),
      currentRevision: countOf(currentRevision, answer),
    };
  }

  async downgradeEnabled(url: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask("GET", url, paths.downgradeEnabled, signal);
    const text = answer.body.toString();
    if (answer.status !== 200 || (text !== "true" && text !== "false")) throw unexpected(answer);
    return text === "true";
  }

  async console(url: string, question: Uint8Array, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const answer = await this.#ask(
      "POST",
      url,
      paths.console,
      signal,
      { "Content-Type": "application/protobuf" },
      question,
    );
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unexpected(answer);
    return answer.body;
  }

  stop(): void {
    this.#dialer.stop();
  }

  async #askLease(url: string, path: string, body: Uint8Array, signal: AbortSignal): Promise<Answer> {
    const answer = await this.#ask("POST", url, path, signal, { "Content-Type": "application/protobuf" }, body);
    if (answer.status === 404) throw new EtcdError("leaseNotFound");
    if (answer.status === 408) throw new EtcdError("timeout");
    if (answer.status !== 200) throw unexpected(answer);
    return answer;
  }

  async #ask(
    method: "GET" | "POST",
    url: string,
    path: string,
    signal: AbortSignal,
    headers: Headers = {},
    body?: Uint8Array,
  ): Promise<Answer> {
    if (signal.aborted) throw new PeerError(`did not ask ${url}: the wait was already over`);
    const length = body === undefined ? {} : { "Content-Length": body.byteLength };
    const request = this.#dialer.open(method, url, path, { ...headers, ...length });
    const abort = (): void => {
      request.destroy(new PeerError("no answer in time"));
    };
    signal.addEventListener("abort", abort);
    request.on("error", () => undefined);
    request.end(body);
    try {
      const answer = await answerTo(request);
      const { statusCode = 0, headers: answered } = answer;
      return { status: statusCode, headers: answered, body: await readBody(answer, answerBytesMax) };
    } catch (error) {
      throw new PeerError(`${url}${path}: ${errorText(error)}`);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** @throws PeerError when `reader` throws, since the answer is malformed */
function read<Value>(answer: Answer, reader: (text: string) => Value): Value {
  try {
    return reader(answer.body.toString());
  } catch {
    throw unexpected(answer);
  }
}

function readObject(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text);
  return { ...(value ?? {}) };
}

/** Reads a number. Go omits numbers that are zero. */
function countOf(value: unknown, answer: Answer): number {
  if (value === undefined) return 0;
  if (typeof value !== "number") throw unexpected(answer);
  return value;
}

function clusterOf(id: bigint): ClusterId {
  return id as ClusterId;
}

function unexpected({ status, body }: Answer): PeerError {
  return new PeerError(`the peer answered with status ${status}: ${body.toString("utf8", 0, 200).trimEnd()}`);
}
