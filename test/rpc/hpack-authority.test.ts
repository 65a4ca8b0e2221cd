import { expect, test } from "vitest";
import { withPlainAuthority } from "../../src/rpc/hpack-authority.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const literal = (mark: number, value: string): Buffer =>
  Buffer.concat([Buffer.from([mark, value.length]), Buffer.from(value, "latin1")]);
/** `http://127.0.0.1:2379` and `#initially=[127.0.0.1:2379]` in the Huffman code, as Go's encoder sends them. */
const huffmanUrl = hex("41 8f 9d29 aee3 0c04 4eae 05c0 b86e 0997 5f");
const huffmanEndpoints = hex("41 96 ffa3 5464 9874 51ea 0ffd 844e ae05 c0b8 6e09 975f ffe7");
const plain = hex("41 01 2d");

for (const { name, block, want } of [
  { name: "a URL", block: literal(0x41, "http://127.0.0.1:2379"), want: plain },
  { name: "a URL, Huffman coded", block: huffmanUrl, want: plain },
  { name: "the endpoints of etcd 3.5.0", block: literal(0x41, "#initially=[127.0.0.1:2379]"), want: plain },
  { name: "the endpoints of etcd 3.5.0, Huffman coded", block: huffmanEndpoints, want: plain },
  { name: "a path of a socket", block: literal(0x41, "/run/etcd.sock"), want: plain },
  { name: "a space", block: literal(0x41, " "), want: plain },
  { name: "a literal that is not to be remembered", block: literal(0x01, "a/b"), want: hex("01 01 2d") },
  { name: "a literal that is never to be remembered", block: literal(0x11, "a/b"), want: hex("11 01 2d") },
  {
    name: "a value of more than 127 bytes",
    block: Buffer.concat([hex("41 7f 49"), Buffer.alloc(200, "/")]),
    want: plain,
  },
  {
    name: "what stands between other fields",
    block: Buffer.concat([hex("3f e1 1f 83"), hex("40 01 61 01 2f"), literal(0x41, "a/b"), hex("86 ff 80 01")]),
    want: Buffer.concat([hex("3f e1 1f 83"), hex("40 01 61 01 2f"), plain, hex("86 ff 80 01")]),
  },
  { name: "each of two", block: Buffer.concat([huffmanUrl, huffmanUrl]), want: Buffer.concat([plain, plain]) },
]) {
  test(`${name} is made an authority`, () => expect(withPlainAuthority(block)).toEqual(want));
}

for (const { name, block } of [
  { name: "a host and port", block: literal(0x41, "127.0.0.1:2379") },
  { name: "a host, Huffman coded", block: hex("41 8c f1e3 c2e5 f23a 6ba0 ab90 f4ff") },
  { name: "an address of IPv6", block: literal(0x41, "[::1%25lo]:2379") },
  { name: "an empty one", block: literal(0x41, "") },
  { name: "a control character", block: literal(0x41, "a/b\u0000") },
  { name: "a byte that is not ASCII", block: literal(0x41, "a/\u00e9") },
  { name: "a code that is not printable", block: hex("41 82 ffc7") },
  { name: "a code that is cut off", block: hex("41 81 fe") },
  { name: "a URL in another field", block: literal(0x44, "http://a") },
  { name: "no field", block: hex("") },
  { name: "only known fields", block: hex("83 86 be") },
  { name: "a value past the end", block: Buffer.concat([huffmanUrl, hex("41 05 2f")]) },
  { name: "a number without an end", block: Buffer.concat([huffmanUrl, hex("ff 80")]) },
  { name: "a number that is too large", block: Buffer.concat([huffmanUrl, hex("ff ff ff ff ff ff 01")]) },
  { name: "a length that is too large", block: hex("41 7f ff ff ff 7f 2f") },
  { name: "a name without a value", block: Buffer.concat([huffmanUrl, hex("40 01 61")]) },
]) {
  test(`${name} stays as it is`, () => expect(withPlainAuthority(block)).toBeUndefined());
}
