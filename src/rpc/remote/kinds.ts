/**
 * The messages from a front end to the thread that owns the state. All but the first two and the last begin with a
 * call's number.
 */
export const asks = {
  /** A client has connected: its number, its address and, if it has one, the common name in its certificate. */
  client: 1,
  clientGone: 2,
  /** A call of a unary method: method, client, metadata, and the request. */
  unary: 3,
  /** A call of a method with streams: method, client, metadata. */
  stream: 4,
  /** Whether a stream would be served, asked before its first message has arrived: as for `stream`. */
  admission: 5,
  /** A message of a stream's client. */
  message: 6,
  /** The client of a stream sends no more messages. */
  halfClosed: 7,
  /** Nobody waits for the answer any more. The call is answered all the same. */
  cancel: 8,
  /** The client has taken so many bytes of a long answer. */
  answerTaken: 9,
  /** The client has room for so many bytes of a stream's messages again. */
  taken: 10,
  /** A page: method, path, query, whether the port shows all pages, and metadata. */
  page: 11,
  /** The counters of a front end, in answer to `tells.countsWanted`. */
  counts: 12,
} as const;

/**
 * The messages from the thread that owns the state to a front end. All but `methods`, `namesUsers` and
 * `countsWanted` begin with a call's number.
 */
export const tells = {
  /** The whole answer of a unary call. It ends the call. */
  answer: 1,
  /** The call is refused: code and text. It ends the call. */
  refusal: 2,
  /** A long answer follows in parts: its length. */
  long: 3,
  part: 4,
  /** A message of a stream. */
  message: 5,
  /** So many bytes of the client's messages have been taken by the handler of a stream. */
  requestTaken: 6,
  /** No more messages follow in a stream, whose handler goes on. */
  finished: 7,
  /** The handler of a stream has ended well, or a long answer is complete. It ends the call. */
  ended: 8,
  /** A page: status, content type, flags and body. It ends the call. */
  page: 9,
  /** The methods that are served: for each its path and kind. Calls may be sent from now on. */
  methods: 10,
  /** Whether a client certificate's common name means a user now. */
  namesUsers: 11,
  countsWanted: 12,
  /**
   * Messages of a stream that are alike: the place at which they are kept; whether their first and last bytes are those
   * of the `alike` before; these bytes, unless they are; and the number and the own bytes of the messages.
   */
  alike: 13,
  /** Messages of a stream that were sent on another one before: the place at which they are kept. */
  keptAlike: 14,
} as const;

/** How many bytes of a long answer are sent before the client has taken them; the last part may exceed them. */
export const answerBytesAhead = 128 * 1024;
/** How many bytes of a client's messages are sent before the handler of a stream has taken them. */
export const requestBytesAhead = 4 * 1024;
/**
 * How many bytes of a stream's messages may wait for the client before its handler is asked to pause: as many as a
 * socket takes on one loop. A hundred watchers of one stream fill 64 KiB with two changes.
 */
export const unsentBytesMax = 256 * 1024;
/** A front end reports that bytes of an answer or stream were taken once they are this many. */
export const reportedBytesMin = 64 * 1024;
