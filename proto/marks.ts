import protobuf from "protobufjs";

/**
 * Marks in a .proto file for the generator, beyond the language: a word in brackets at the start of a comment, as in
 * `int64 lease = 6;  // [bigint] 0: none`. Generated comments do not repeat it. Each mark says where it may stand.
 */
const marks = {
  /**
   * A 64-bit integer that is read as bigint, because rounding it would make it another: an id, also one that a client
   * chooses, or nanoseconds since 1970. Without the mark it is read as a number, and 2^53 or more is refused.
   */
  bigint: (object) => object instanceof protobuf.Field && ["int64", "uint64"].includes(object.type),
  /** Bytes that are a key, or an end of a range, and are read as a latin1 string. Without the mark: a Uint8Array. */
  key: (object) => object instanceof protobuf.Field && object.type === "bytes",
  /** An optional scalar of a proto2 file that is left out when it is absent. etcd writes all others as zero. */
  nullable: (object) => object instanceof protobuf.Field && object.optional,
  /** A message whose bytes can stand in its place in the fields of other messages: the store has them at hand. */
  encodable: (object) => object instanceof protobuf.Type,
  /** A message with one of its message fields set, apart from `header`. The generator writes what tells which. */
  variant: (object) => object instanceof protobuf.Type,
} as const satisfies Record<string, (object: protobuf.ReflectionObject) => boolean>;

export type Mark = keyof typeof marks;

export function hasMark(object: protobuf.ReflectionObject, mark: Mark): boolean {
  return split(object).mark === mark;
}

/** The comment without its mark; undefined when nothing else is in it. */
export function commentOf(object: protobuf.ReflectionObject): string | undefined {
  return split(object).text;
}

function split(object: protobuf.ReflectionObject): { readonly mark?: Mark; readonly text?: string } {
  const { comment } = object;
  if (comment === null || comment === undefined) return {};
  const [all = "", word] = /^\[(\w+)\]\s*/.exec(comment) ?? [];
  if (word === undefined) return { text: comment };
  if (!isMark(word)) throw new Error(`${object.fullName}: there is no mark [${word}]`);
  if (!marks[word](object)) throw new Error(`${object.fullName}: the mark [${word}] does not belong here`);
  const text = comment.slice(all.length);
  return text === "" ? { mark: word } : { mark: word, text };
}

function isMark(word: string): word is Mark {
  return word in marks;
}
