import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type Clock,
  type ClusterId,
  type ErrorKind,
  EtcdError,
  errorText,
  type LeaseId,
  type Logger,
  type MemberId,
  Turns,
} from "../base/index.js";
import { idText, type Member } from "../cluster/index.js";
import { LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseTimeToLiveRequest, leasepb } from "../wire/index.js";
import { encodeLeaseAnswer, type LeaseTimeToLive } from "./lease-answers.js";
import { encodeMembers } from "./member-json.js";
import { clusterIdHeader, clusterIdMismatch, header } from "./peer-headers.js";
import { paths, texts } from "./peer-paths.js";
import { allow, answer, BodyBudget, pathOf, refuse } from "./responses.js";

/** The requests of peers, apart from raft's, that a member answers. Refusals are thrown as `EtcdError`. */
export interface PeerService {
  readonly clusterId: ClusterId;
  /** Version of this program, as "3.5.30". */
  readonly serverVersion: string;
  /** Version of the cluster, as "3.5.0"; undefined until the cluster has decided on one. */
  clusterVersion(): string | undefined;
  /** The storage version, `unknown` until it is known; undefined at a level that does not report it. */
  storageVersion(): string | undefined;
  members(): readonly Member[];
  /**
   * @param token token of the client that asked for the promotion; "" without one
   * @returns all members
   * @throws EtcdError `memberNotFound`, `memberNotLearner`, `learnerNotReady`
   */
  promote(id: MemberId, token: string): Promise<readonly Member[]>;
  /** @throws EtcdError `leaseNotFound`; `timeout` when this member lags behind its log */
  renewLease(id: LeaseId): Promise<number>;
  /** @throws EtcdError `leaseNotFound`; `timeout` when this member lags behind its log; `notLeader` */
  leaseTimeToLive(id: LeaseId, keys: boolean): Promise<LeaseTimeToLive>;
  /** @throws EtcdError `compacted`, `futureRevision` */
  hashKv(revision: number): Promise<RevisionHash>;
  /** Whether a downgrade is under way, by a linearizable read. */
  downgradeEnabled(): Promise<boolean>;
  /** Answers a member that serves the console. @throws WireError when the question is malformed */
  console(question: Uint8Array): Promise<Uint8Array>;
}

/** A `PeerService` that may be on another event loop, so that each answer may take time. */
export interface PeerAnswers extends Omit<PeerService, "clusterVersion" | "storageVersion" | "members"> {
  clusterVersion(): ReturnType<PeerService["clusterVersion"]> | Promise<ReturnType<PeerService["clusterVersion"]>>;
  storageVersion(): ReturnType<PeerService["storageVersion"]> | Promise<ReturnType<PeerService["storageVersion"]>>;
  members(): readonly Member[] | Promise<readonly Member[]>;
}

export interface RevisionHash {
  readonly hash: number;
  readonly compactRevision: number;
  /** Current revision of the member's store when it answered. */
  readonly currentRevision: number;
}

/** Answers a request of a peer; returns false when the path belongs to another handler. */
export type PeerHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The most bytes of a request's body: requests of peers are short. */
const questionBytesMax = 64 * 1024;
const budgetBytes = 64 * 1024 * 1024;

/** Answers the requests of peers apart from raft's, as etcd does. */
export function peerEndpoints(service: PeerAnswers, logger: Logger, clock: Clock): PeerHandler {
  const endpoints = new PeerEndpoints(service, clock);
  return (request, response) => {
    const answered = endpoints.handle(pathOf(request), request, response);
    answered?.catch((error: unknown) => {
      const reason = errorText(error);
      logger.warn("failed to answer a request of a peer", { path: pathOf(request), error: reason });
      refuse(response, 500, reason);
    });
    return answered !== undefined;
  };
}

class PeerEndpoints {
  readonly #service: PeerAnswers;
  readonly #clock: Clock;
  readonly #budget = new BodyBudget(budgetBytes);

  constructor(service: PeerAnswers, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
  }

  /** Undefined when the path belongs to another handler. */
  handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
    if (path.startsWith(paths.promote)) return this.#promote(path.slice(paths.promote.length), request, response);
    switch (path) {
      case paths.members:
        return this.#members(request, response);
      case paths.version:
        return this.#version(request, response);
      case paths.hashKv:
        return this.#hashKv(request, response);
      case paths.leases:
        return this.#renewLease(request, response);
      case paths.leasesInternal:
        return this.#leaseTimeToLive(request, response);
      case paths.downgradeEnabled:
        return this.#downgradeEnabled(request, response);
      case paths.console:
        return this.#console(request, response);
      default:
        return undefined;
    }
  }

  async #members(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("GET", request, response)) return;
    this.#nameCluster(response);
    answer(response, "application/json", encodeMembers(await this.#service.members()));
  }

  async #version(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("GET", request, response)) return;
    const etcdcluster = (await this.#service.clusterVersion()) ?? texts.notDecided;
    const storage = await this.#service.storageVersion();
    const versions = {
      etcdserver: this.#service.serverVersion,
      etcdcluster,
      ...(storage !== undefined && { storage }),
    };
    answer(response, "application/json", JSON.stringify(versions));
  }

  async #promote(idInDecimal: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("POST", request, response)) return;
    this.#nameCluster(response);
    const id = /^\d{1,20}$/.test(idInDecimal) ? BigInt(idInDecimal) : undefined;
    if (id === undefined || id !== BigInt.asUintN(64, id)) {
      refuse(response, 404, `member ${idInDecimal} not found in cluster`);
      return;
    }
    try {
      const members = await this.#service.promote(id as MemberId, header(request.headers, "Authorization") ?? "");
      answer(response, "application/json", encodeMembers(members));
    } catch (error) {
      const [status, text] = promoteRefusals.get(kindOf(error)) ?? [];
      if (status !== undefined && text !== undefined) refuse(response, status, text);
      else {
        response.statusCode = 500;
        answer(response, "application/json", JSON.stringify({ message: "Internal Server Error" }));
      }
    }
  }

  async #hashKv(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("GET", request, response)) return;
    const clusterId = header(request.headers, clusterIdHeader) ?? "";
    if (clusterId !== "" && clusterId !== idText(this.#service.clusterId)) {
      refuse(response, 412, clusterIdMismatch);
      return;
    }
    const decode = (body: Buffer): number => revisionIn(body.toString());
    const revision = await readQuestion(this.#budget, request, response, decode);
    if (revision === undefined) return;
    try {
      const hash = await this.#service.hashKv(revision);
      this.#nameCluster(response);
      answer(response, "application/json", hashJson(hash));
    } catch (error) {
      const [status, text] = hashRefusals.get(kindOf(error)) ?? [400, String(error)];
      refuse(response, status, text);
    }
  }

  async #renewLease(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = await this.#read(request, response, (body) => LeaseKeepAliveRequest.decode(body));
    if (question === undefined) return;
    const { id } = question;
    await answerLease(response, async () => {
      const ttl = await this.#service.renewLease(id as LeaseId);
      return LeaseKeepAliveResponse.encode({ header: undefined, id, ttl });
    });
  }

  async #leaseTimeToLive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = await this.#read(request, response, (body) =>
      LeaseTimeToLiveRequest.create(leasepb.LeaseInternalRequest.decode(body).leaseTimeToLiveRequest),
    );
    if (question === undefined) return;
    const { id, keys } = question;
    await answerLease(response, async () => {
      const lease = await this.#service.leaseTimeToLive(id as LeaseId, keys);
      return await encodeLeaseAnswer(id as LeaseId, lease, new Turns(this.#clock, undefined, request.socket));
    });
  }

  async #downgradeEnabled(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!allow("GET", request, response)) return;
    this.#nameCluster(response);
    try {
      answer(response, "text/plain", String(await this.#service.downgradeEnabled()));
    } catch (error) {
      refuse(response, 500, `failed linearized read: ${errorText(error)}`);
    }
  }

  async #console(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const question = await this.#read(request, response, (body) => body);
    if (question === undefined) return;
    answer(response, "application/protobuf", await this.#service.console(question));
  }

  /** Reads a peer's request from its body; undefined when it was refused. */
  async #read<Question>(
    request: IncomingMessage,
    response: ServerResponse,
    decode: (body: Buffer) => Question,
  ): Promise<Question | undefined> {
    if (!allow("POST", request, response)) return undefined;
    return readQuestion(this.#budget, request, response, decode);
  }

  #nameCluster(response: ServerResponse): void {
    response.setHeader(clusterIdHeader, idText(this.#service.clusterId));
  }
}

async function readQuestion<Question>(
  budget: BodyBudget,
  request: IncomingMessage,
  response: ServerResponse,
  decode: (body: Buffer) => Question,
): Promise<Question | undefined> {
  const body = await budget.read(request, questionBytesMax);
  if (body === "tooLarge") refuse(response, 413, "request body too large");
  else if (body === "broken") refuse(response, 400, "error reading body");
  else {
    try {
      return decode(body);
    } catch {
      refuse(response, 400, "error unmarshalling request");
    }
  }
  return undefined;
}

async function answerLease(response: ServerResponse, ask: () => Promise<Uint8Array>): Promise<void> {
  try {
    answer(response, "application/protobuf", await ask());
  } catch (error) {
    const [status, text] = leaseRefusals.get(kindOf(error)) ?? [400, errorText(error)];
    refuse(response, status, text);
  }
}

type Refusals = ReadonlyMap<ErrorKind | undefined, readonly [status: number, text: string]>;

const leaseRefusals: Refusals = new Map([
  ["leaseNotFound", [404, texts.leaseNotFound]],
  ["timeout", [408, texts.leaseTimeout]],
  ["notLeader", [500, texts.notPrimary]],
]);
const promoteRefusals: Refusals = new Map([
  ["memberNotFound", [404, texts.memberNotFound]],
  ["memberNotLearner", [412, texts.memberNotLearner]],
  ["learnerNotReady", [412, texts.learnerNotReady]],
]);
const hashRefusals: Refusals = new Map([
  ["compacted", [400, texts.compacted]],
  ["futureRevision", [400, texts.futureRevision]],
]);

function kindOf(error: unknown): ErrorKind | undefined {
  return error instanceof EtcdError ? error.kind : undefined;
}

/** Reads the revision as Go does: a missing field is zero, and one of another type is an error. */
function revisionIn(json: string): number {
  const value: unknown = JSON.parse(json);
  const { revision = 0 }: { revision?: unknown } = { ...(value ?? {}) };
  if (!Number.isInteger(revision) || typeof revision !== "number")
    throw new TypeError("the revision is not a whole number");
  return revision;
}

/** Writes the hash as Go does: without fields that are zero. */
function hashJson({ hash, compactRevision, currentRevision }: RevisionHash): string {
  return JSON.stringify({
    header: currentRevision === 0 ? {} : { revision: currentRevision },
    ...(hash !== 0 && { hash }),
    ...(compactRevision !== 0 && { compact_revision: compactRevision }),
  });
}
