import { assertNever, type MemberId } from "../base/index.js";
import { createMessage, type Entry, type Message } from "../raft/index.js";
import { ByteQueue } from "./byte-queue.js";
import { counted, decodeEntry, decodeMessage, encodeEntry, encodeMessage } from "./message-codec.js";
import {
  messageBytesMax,
  readSize,
  type StreamDecoder,
  type StreamEncoder,
  StreamError,
  uint64,
} from "./stream-codec.js";

/*
 * The stream of log entries, which etcd calls msgappv2. The first byte of each frame gives its kind; numbers are eight
 * big-endian bytes.
 *
 * | byte | frame       | what follows                                                         |
 * | ---- | ----------- | -------------------------------------------------------------------- |
 * | 0    | heartbeat   | nothing                                                              |
 * | 1    | entries     | how many; for each its size and `raftpb.Entry`; then the commit index |
 * | 2    | any message | its size and `raftpb.Message`                                        |
 *
 * An entries frame is a MsgApp that continues exactly where the one before it ended, at the same term, so both sides
 * know its other fields.
 */
const heartbeatFrame = 0;
const entriesFrame = 1;
const messageFrame = 2;

/** Position of the last entry of a MsgApp. */
interface Position {
  readonly term: number;
  readonly index: number;
}

const nowhere: Position = { term: 0, index: 0 };

export class MsgAppEncoder implements StreamEncoder {
  #last = nowhere;

  encode(message: Message, pieces: Uint8Array[]): void {
    const { term, logTerm, index, entries, commit } = message;
    if (index === this.#last.index && logTerm === this.#last.term && logTerm === term) {
      pieces.push(oneByte(entriesFrame), uint64(entries.length));
      for (const entry of entries) {
        const before = pieces.length;
        const bytes = encodeEntry(entry, pieces);
        pieces.splice(before, 0, uint64(bytes));
      }
      pieces.push(uint64(commit));
      this.#last = { term, index: index + entries.length };
    } else {
      const bytes = encodeMessage(message);
      pieces.push(oneByte(messageFrame), uint64(bytes.byteLength), bytes);
      this.#last = endOf(message);
    }
  }

  heartbeat(pieces: Uint8Array[]): void {
    pieces.push(oneByte(heartbeatFrame));
  }
}

/** The part of a frame that the decoder reads next. */
type Step =
  | { readonly kind: "frame" }
  | { readonly kind: "messageSize" }
  | { readonly kind: "message"; readonly size: number }
  | { readonly kind: "entryCount" }
  | { readonly kind: "entrySize" }
  | { readonly kind: "entry"; readonly size: number }
  | { readonly kind: "commit" };

const frame: Step = { kind: "frame" };
const messageSize: Step = { kind: "messageSize" };
const entryCount: Step = { kind: "entryCount" };
const entrySize: Step = { kind: "entrySize" };
const commit: Step = { kind: "commit" };

export class MsgAppDecoder implements StreamDecoder {
  readonly #local: MemberId;
  readonly #remote: MemberId;
  readonly #queue = new ByteQueue();
  #step: Step = frame;
  #last = nowhere;
  /** Entries read so far of the entries frame under way, how many are still to come, and their bytes so far. */
  #entries: Entry[] = [];
  #entriesLeft = 0;
  #entriesBytes = 0;

  /** @param remote the member that writes the stream: an entries frame does not name it */
  constructor(local: MemberId, remote: MemberId) {
    this.#local = local;
    this.#remote = remote;
  }

  decode(chunk: Uint8Array, deliver: (message: Message) => void): void {
    this.#queue.push(chunk);
    while (this.#queue.length >= bytesFor(this.#step)) {
      const message = this.#read(this.#step);
      if (message !== undefined) deliver(message);
    }
  }

  /** Reads the part that `step` names; all of its bytes have arrived. */
  #read(step: Step): Message | undefined {
    switch (step.kind) {
      case "frame":
        this.#step = firstStep(this.#queue.byte());
        return undefined;
      case "messageSize":
        this.#step = { kind: "message", size: readSize(this.#queue) };
        return undefined;
      case "message": {
        const message = decodeMessage(this.#queue.take(step.size));
        this.#last = endOf(message);
        this.#step = frame;
        return message;
      }
      case "entryCount":
        this.#begin(this.#queue.uint64());
        return undefined;
      case "entrySize":
        this.#step = { kind: "entry", size: this.#grow(readSize(this.#queue)) };
        return undefined;
      case "entry":
        this.#add(decodeEntry(this.#queue.take(step.size)));
        return undefined;
      case "commit":
        this.#step = frame;
        return this.#append(counted(this.#queue.uint64()));
      default:
        return assertNever(step);
    }
  }

  #begin(count: number): void {
    // Each entry has its size before it, so the sizes alone of this many entries exceed the limit of a message.
    if (count > messageBytesMax / 8) throw new StreamError(`a message of ${count} entries exceeds the limit`);
    this.#entries = [];
    this.#entriesLeft = count;
    this.#entriesBytes = 0;
    this.#step = count === 0 ? commit : entrySize;
  }

  #grow(size: number): number {
    this.#entriesBytes += 8 + size;
    if (this.#entriesBytes > messageBytesMax)
      throw new StreamError(`the entries of one message exceed ${messageBytesMax} bytes`);
    return size;
  }

  #add(entry: Entry): void {
    const expected = this.#last.index + this.#entries.length + 1;
    if (entry.index !== expected) throw new StreamError(`received entry ${entry.index} instead of ${expected}`);
    this.#entries.push(entry);
    this.#entriesLeft--;
    this.#step = this.#entriesLeft === 0 ? commit : entrySize;
  }

  #append(commitIndex: number): Message {
    const { term, index } = this.#last;
    const entries = this.#entries;
    this.#entries = [];
    this.#last = { term, index: index + entries.length };
    const body = { logTerm: term, index, entries, commit: commitIndex };
    return createMessage("MsgApp", this.#local, this.#remote, term, body);
  }
}

function bytesFor(step: Step): number {
  switch (step.kind) {
    case "frame":
      return 1;
    case "message":
    case "entry":
      return step.size;
    case "messageSize":
    case "entryCount":
    case "entrySize":
    case "commit":
      return 8;
    default:
      return assertNever(step);
  }
}

function firstStep(byte: number): Step {
  switch (byte) {
    case heartbeatFrame:
      return frame;
    case entriesFrame:
      return entryCount;
    case messageFrame:
      return messageSize;
    default:
      throw new StreamError(`unknown frame of kind ${byte} in a msgapp stream`);
  }
}

function endOf({ term, index, entries }: Message): Position {
  return { term, index: entries.at(-1)?.index ?? index };
}

function oneByte(value: number): Uint8Array {
  return Uint8Array.of(value);
}
