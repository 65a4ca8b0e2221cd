import protobuf from "protobufjs";

/**
 * The marks for the generator in a .proto file. A mark is a word in brackets at the start of a comment, as in `int64
 * lease = 6;  // [bigint] 0: none`. Generated comments do not contain it. The function of each mark tells whether a
 * definition may have it.
 */
const marks = {
  /**
   * A 64-bit integer that is read as bigint, since it must not be rounded: an id, also one that a client chooses, or
   * nanoseconds since 1970. Without the mark it is read as a number, and becomes the nearest safe integer.
   */
  bigint: (object) => object instanceof protobuf.Field && ["int64", "uint64"].includes(object.type),
  /**
   * Bytes of a key or of the end of a range, which are read as a latin1 string. Without the mark it is a Uint8Array.
   */
  key: (object) => object instanceof protobuf.Field && object.type === "bytes",
  /** An optional scalar of a proto2 file that is omitted when it is absent. etcd writes all others as zero. */
  nullable: (object) => object instanceof protobuf.Field && object.optional,
  /** A message that fields of other messages also accept as encoded bytes, which the store already has. */
  encodable: (object) => object instanceof protobuf.Type,
  /**
   * A message with exactly one of its message fields set, except for `header`. The generator emits a function to find
   * it.
   */
  variant: (object) => object instanceof protobuf.Type,
} as const satisfies Record<string, (object: protobuf.ReflectionObject) => boolean>;

export type Mark = keyof typeof marks;

export function hasMark(object: protobuf.ReflectionObject, mark: Mark): boolean {
  return split(object).mark === mark;
}

/** The comment of a definition without its mark; undefined if it contains nothing else. */
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
