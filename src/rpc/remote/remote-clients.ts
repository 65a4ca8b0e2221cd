import type { Duplex } from "node:stream";
import type { Call } from "../../server/index.js";
import type { Port } from "../../threads/index.js";
import { asks } from "./kinds.js";
import { Slots } from "./slots.js";

/** A connection that the state's thread knows. */
export interface ToldClient {
  readonly number: number;
  /** Whether the state's thread knows the common name of the connection's certificate. */
  named: boolean;
  /** The kind of the metadata of its last call, which does not cross again for a call with the same; see `Call`. */
  metadataKind: object | undefined;
}

/** The number of the client of calls that belong to no connection that others share, such as those of the gateway. */
export const noClient = 0;

/**
 * The connections of a front end, as the state's thread knows them: by numbers. A connection is told to it with its
 * first call, with the first that has a common name, and again when it has closed.
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
    const told = this.#told.get(client) ?? this.#add(client, call);
    // A call that a proxy passes on has no common name, although its connection may have one.
    if (!told.named && call.commonName !== undefined) this.#tell(told, call);
    return told;
  }

  #add(client: object, call: Call): ToldClient {
    const number = noClient + 1 + this.#slots.add(client);
    const told: ToldClient = { number, named: false, metadataKind: undefined };
    this.#told.set(client, told);
    this.#tell(told, call);
    (client as Duplex).once("close", () => {
      this.#told.delete(client);
      this.#slots.remove(number - noClient - 1);
      this.#port.post(asks.clientGone).number(number);
    });
    return told;
  }

  #tell(told: ToldClient, { remote = "", commonName }: Call): void {
    told.named = commonName !== undefined;
    // The state's thread forgets the metadata of a connection that it is told of again.
    told.metadataKind = undefined;
    const message = this.#port.post(asks.client).number(told.number).text(remote).flag(told.named);
    if (commonName !== undefined) message.text(commonName);
  }
}
