import type { Duplex } from "node:stream";
import type { Call } from "../../server/index.js";
import type { Port } from "../../threads/index.js";
import { asks } from "./kinds.js";
import { Slots } from "./slots.js";

/** A connection that the state's thread knows. */
export interface ToldClient {
  readonly number: number;
  /** The kind of the metadata of its last call, which does not cross again for a call with the same; see `Call`. */
  metadataKind: object | undefined;
}

/** The number of the client of calls that belong to no connection that others share, such as those of the gateway. */
export const noClient = 0;

/**
 * The connections of a front end, as the state's thread knows them: by numbers. A connection is told to it with its
 * first call, and again when it has closed.
 */
export class RemoteClients {
  readonly #port: Port;
  readonly #told = new Map<object, ToldClient>();
  readonly #slots = new Slots<object>();

  constructor(port: Port) {
    this.#port = port;
  }

  /**
   * A call's client; undefined for a call of no shared connection. May post a message, so it is asked before the call's
   * own message is begun.
   */
  of(call: Call): ToldClient | undefined {
    const { client } = call;
    if (client === undefined) return undefined;
    return this.#told.get(client) ?? this.#tell(client, call);
  }

  #tell(client: object, { remote = "", commonName }: Call): ToldClient {
    const number = noClient + 1 + this.#slots.add(client);
    const told: ToldClient = { number, metadataKind: undefined };
    this.#told.set(client, told);
    const message = this.#port
      .post(asks.client)
      .number(number)
      .text(remote)
      .flag(commonName !== undefined);
    if (commonName !== undefined) message.text(commonName);
    (client as Duplex).once("close", () => {
      this.#told.delete(client);
      this.#slots.remove(number - noClient - 1);
      this.#port.post(asks.clientGone).number(number);
    });
    return told;
  }
}
