import { assert } from "../../base/index.js";
import type { MessageReader, Port } from "../../threads/index.js";
import { AlikeMessages, type MessageInPieces } from "../grpc/sent-messages.js";
import { tells } from "./kinds.js";

/** How many of the last alike messages the front end keeps: as many as are shared by streams at a time. */
const keptMax = 8;
/** Longer ones are not kept, since they would take memory long after they were sent. */
const keptBytesMax = 80 * 1024;

/**
 * Sends the messages of all streams of a front end. A change is often told to very many watchers of very many streams.
 * Its bytes cross once, and those of responses that several streams get, too; for further streams only their place
 * among the kept ones crosses.
 */
export class StreamMessages {
  readonly #port: Port;
  readonly #kept: (AlikeMessages | undefined)[] = [];
  #next = 0;
  #last: AlikeMessages | undefined;

  constructor(port: Port) {
    this.#port = port;
  }

  /** @param number the number of the call */
  send(number: number, message: Uint8Array): void {
    this.#port.post(tells.message).number(number).bytes(message);
  }

  sendPieces(number: number, { length, pieces }: MessageInPieces): void {
    const out = this.#port.post(tells.message).number(number).number(length);
    for (const piece of pieces) out.raw(piece);
  }

  sendAlike(number: number, messages: AlikeMessages): void {
    if (messages.length > keptBytesMax) {
      for (const message of messages.each()) this.sendPieces(number, message);
      return;
    }
    const place = this.#kept.indexOf(messages);
    if (place >= 0) this.#port.post(tells.keptAlike).number(number).number(place);
    else this.#keep(number, messages);
  }

  #keep(number: number, messages: AlikeMessages): void {
    const { first, own, last } = messages;
    const out = this.#port.post(tells.alike).number(number).number(this.#next);
    const sameFirst = first === this.#last?.first;
    const sameLast = last === this.#last?.last;
    out.flag(sameFirst).flag(sameLast);
    if (!sameFirst) out.bytes(first);
    if (!sameLast) out.bytes(last);
    out.number(own.length);
    for (const bytes of own) out.bytes(bytes);
    this.#last = messages;
    this.#kept[this.#next] = messages;
    this.#next = (this.#next + 1) % keptMax;
  }
}

/** The alike messages that a front end keeps, at the same places as `StreamMessages` on the other side. */
export class KeptAlike {
  readonly #kept: AlikeMessages[] = [];
  #last: AlikeMessages | undefined;

  /** Reads `alike`. */
  read(message: MessageReader): AlikeMessages {
    const place = message.number();
    const sameFirst = message.flag();
    const sameLast = message.flag();
    const first = sameFirst ? this.#last?.first : message.bytes();
    const last = sameLast ? this.#last?.last : message.bytes();
    assert(first !== undefined && last !== undefined, "bytes that do not cross again have crossed before");
    const own = Array.from({ length: message.number() }, () => message.bytes());
    const messages = new AlikeMessages(first, own, last);
    this.#last = messages;
    this.#kept[place] = messages;
    return messages;
  }

  /** Reads `keptAlike`. */
  again(message: MessageReader): AlikeMessages {
    const messages = this.#kept[message.number()];
    assert(messages !== undefined, "the front end has the messages that it is told to send again");
    return messages;
  }
}
