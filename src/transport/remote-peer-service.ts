import { setImmediate as nextTurn } from "node:timers/promises";
import type { ClusterId, LeaseId, MemberId } from "../base/index.js";
import { type MessageReader, type MessageWriter, type Port, readError, writeError } from "../threads/index.js";
import type { LeaseTimeToLive } from "./lease-answers.js";
import { decodeMembers, encodeMembers } from "./member-json.js";
import type { PeerAnswers } from "./peer-endpoints.js";

/** The questions, and the two ways in which one ends. Each message begins with the number of its question. */
const kinds = {
  clusterVersion: 0,
  members: 1,
  promote: 2,
  renewLease: 3,
  leaseTimeToLive: 4,
  hashKv: 5,
  downgradeEnabled: 6,
  storageVersion: 7,
  /** Some of the keys of a lease. The answer follows. */
  keys: 8,
  answer: 9,
  error: 10,
  console: 11,
} as const;

/** The number of keys in a message. It takes less than a millisecond to write them. */
const keysAtOnce = 4_000;

interface Question {
  readonly answer: (message: MessageReader) => void;
  readonly fail: (error: Error) => void;
  readonly keys: string[];
}

/** Answers the requests of peers by asking the owner of the keys on another event loop. */
export class RemotePeerService implements PeerAnswers {
  readonly clusterId: ClusterId;
  readonly serverVersion: string;
  readonly #port: Port;
  readonly #questions = new Map<number, Question>();
  #asked = 0;

  /** @param port at whose other end `answerPeers` listens */
  constructor({ clusterId, serverVersion }: Pick<PeerAnswers, "clusterId" | "serverVersion">, port: Port) {
    this.clusterId = clusterId;
    this.serverVersion = serverVersion;
    this.#port = port;
    port.listen((kind, message) => this.#take(kind, message));
  }

  clusterVersion() {
    return this.#ask(kinds.clusterVersion, nothing, (message) => message.text() || undefined);
  }

  storageVersion() {
    return this.#ask(kinds.storageVersion, nothing, (message) => message.text() || undefined);
  }

  members() {
    return this.#ask(kinds.members, nothing, (message) => decodeMembers(message.text()));
  }

  promote(id: MemberId, token: string) {
    const write = (message: MessageWriter): void => void message.id(id).text(token);
    return this.#ask(kinds.promote, write, (message) => decodeMembers(message.text()));
  }

  renewLease(id: LeaseId) {
    return this.#ask(
      kinds.renewLease,
      (message) => void message.id(id),
      (message) => message.double(),
    );
  }

  leaseTimeToLive(id: LeaseId, wanted: boolean) {
    const write = (message: MessageWriter): void => void message.id(id).flag(wanted);
    return this.#ask(kinds.leaseTimeToLive, write, (message, keys): LeaseTimeToLive => {
      return { ttl: message.double(), grantedTtl: message.double(), keys };
    });
  }

  hashKv(revision: number) {
    const write = (message: MessageWriter): void => void message.double(revision);
    return this.#ask(kinds.hashKv, write, (message) => {
      return { hash: message.number(), compactRevision: message.double(), currentRevision: message.number() };
    });
  }

  downgradeEnabled() {
    return this.#ask(kinds.downgradeEnabled, nothing, (message) => message.flag());
  }

  console(question: Uint8Array) {
    // A message is valid only while it is read.
    return this.#ask(
      kinds.console,
      (message) => void message.bytes(question),
      (message) => Buffer.from(message.bytes()),
    );
  }

  #ask<Answer>(
    kind: number,
    write: (message: MessageWriter) => void,
    read: (message: MessageReader, keys: readonly string[]) => Answer,
  ): Promise<Answer> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      const keys: string[] = [];
      this.#questions.set(number, { answer: (message) => resolve(read(message, keys)), fail: reject, keys });
      write(this.#port.post(kind).number(number));
    });
  }

  #take(kind: number, message: MessageReader): void {
    const number = message.number();
    const question = this.#questions.get(number);
    if (question === undefined) return;
    if (kind === kinds.keys) {
      for (let left = message.number(); left > 0; left--) question.keys.push(message.latin1());
      return;
    }
    this.#questions.delete(number);
    if (kind === kinds.answer) question.answer(message);
    else question.fail(readError(message));
  }
}

/** Answers the questions of a `RemotePeerService` at the other end of the port. */
export function answerPeers(port: Port, service: PeerAnswers): void {
  port.listen((kind, message) => {
    const number = message.number();
    answerTo(service, port, number, kind, message).then(
      (write) => write(port.post(kinds.answer).number(number)),
      (error: unknown) => writeError(port.post(kinds.error).number(number), error),
    );
  });
}

/** Reads a question and answers it. @returns writes the answer */
function answerTo(
  service: PeerAnswers,
  port: Port,
  number: number,
  kind: number,
  message: MessageReader,
): Promise<(message: MessageWriter) => void> {
  switch (kind) {
    case kinds.clusterVersion:
      return answered(service.clusterVersion(), (version) => (out) => out.text(version ?? ""));
    case kinds.storageVersion:
      return answered(service.storageVersion(), (version) => (out) => out.text(version ?? ""));
    case kinds.members:
      return answered(service.members(), (members) => (out) => out.text(encodeMembers(members)));
    case kinds.promote:
      return answered(
        service.promote(message.id() as MemberId, message.text()),
        (members) => (out) => out.text(encodeMembers(members)),
      );
    case kinds.renewLease:
      return answered(service.renewLease(leaseId(message)), (ttl) => (out) => out.double(ttl));
    case kinds.leaseTimeToLive:
      return timeToLive(service.leaseTimeToLive(leaseId(message), message.flag()), port, number);
    case kinds.hashKv:
      return answered(
        service.hashKv(message.double()),
        ({ hash, compactRevision, currentRevision }) =>
          (out) =>
            out.number(hash).double(compactRevision).number(currentRevision),
      );
    case kinds.console:
      return answered(service.console(Buffer.from(message.bytes())), (answer) => (out) => out.bytes(answer));
    default:
      return answered(service.downgradeEnabled(), (enabled) => (out) => out.flag(enabled));
  }
}

async function answered<Value>(
  value: Value | Promise<Value>,
  writing: (value: Value) => (message: MessageWriter) => unknown,
): Promise<(message: MessageWriter) => void> {
  const write = writing(await value);
  return (message) => void write(message);
}

/** Sends the keys of a lease, a few thousand in a message, before the answer. */
async function timeToLive(
  found: Promise<LeaseTimeToLive>,
  port: Port,
  number: number,
): Promise<(message: MessageWriter) => void> {
  const { ttl, grantedTtl, keys } = await found;
  for (let from = 0; from < keys.length; from += keysAtOnce) {
    const some = keys.slice(from, from + keysAtOnce);
    const message = port.post(kinds.keys).number(number).number(some.length);
    for (const key of some) message.latin1(key);
    await nextTurn();
    await port.room();
  }
  return (message) => void message.double(ttl).double(grantedTtl);
}

/** Lease ids have a sign. */
function leaseId(message: MessageReader): LeaseId {
  return BigInt.asIntN(64, message.id()) as LeaseId;
}

const nothing = (): void => undefined;
