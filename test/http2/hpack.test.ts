import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { HpackDecoder } from "../../src/http2/hpack-decoder.js";
import { HpackEncoder } from "../../src/http2/hpack-encoder.js";
import { decodeHuffman } from "../../src/http2/huffman.js";
import type { Field, FieldList } from "../../src/http2/index.js";
import { block, integer, text } from "./frames.js";
import { Listening } from "./listening.js";

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const lines = ({ fields }: FieldList): string[] => fields.map(({ name, value }) => `${name}: ${value}`);

describe("the examples of RFC 7541, appendix C", () => {
  const date = (second: number) => `date: Mon, 21 Oct 2013 20:13:2${second} GMT`;
  const asked = [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"];
  const secure = [":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com"];
  const requests = [asked, [...asked, "cache-control: no-cache"], [...secure, "custom-key: custom-value"]];
  const location = "location: https://www.example.com";
  const kept = ["cache-control: private", date(1), location];
  const cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
  const last = [":status: 200", "cache-control: private", date(2), location, "content-encoding: gzip", cookie];
  const responses = [[":status: 302", ...kept], [":status: 307", ...kept], last];
  /** Sets the table size to 256 bytes, as in the examples of responses. */
  const small = "3fe101";
  for (const { name, blocks, want } of [
    {
      name: "C.2.1, a name and a value",
      blocks: ["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"],
      want: [["custom-key: custom-header"]],
    },
    { name: "C.2.2, a value", blocks: ["040c 2f73 616d 706c 652f 7061 7468"], want: [[":path: /sample/path"]] },
    {
      name: "C.2.3, a field that is never indexed",
      blocks: ["1008 7061 7373 776f 7264 0673 6563 7265 74"],
      want: [["password: secret"]],
    },
    { name: "C.2.4, an index", blocks: ["82"], want: [[":method: GET"]] },
    {
      name: "C.3, requests",
      blocks: [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
      want: requests,
    },
    {
      name: "C.4, requests with Huffman coding",
      blocks: [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
      want: requests,
    },
    {
      name: "C.5, responses, which evict each other from the table",
      blocks: [
        `${small} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        "4803 3330 37c1 c0bf",
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31`,
      ],
      want: responses,
    },
    {
      name: "C.6, responses with Huffman coding",
      blocks: [
        `${small} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        "4883 640e ffc1 c0bf",
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
      want: responses,
    },
  ]) {
    test(name, () => {
      const decoder = new HpackDecoder(10_000);
      const read = blocks.map((hex) => lines(decoder.decode(bytesOf(hex.replaceAll(/\s/g, "")))));
      expect(read).toEqual(want);
    });
  }
});

describe("numbers", () => {
  for (const value of [0, 1, 30, 31, 32, 127, 128, 158, 159, 16_000, 2 ** 21, 2 ** 27]) {
    test(`index ${value} is decoded`, () => {
      const table = new HpackDecoder(10_000);
      const decode = () => table.decode(integer(7, 0x80, value));
      // Only indexes of the static table have an entry. For the others the test checks that the number is decoded.
      if (value >= 1 && value <= 61) expect(lines(decode()).length).toBe(1);
      else expect(decode).toThrow("an index of nothing");
    });
  }

  for (const [name, bytes] of [
    ["of 2^28 or more", [0xff, 0xff, 0xff, 0xff, 0xff, 0x00]],
    ["without an end", [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
    ["that is cut", [0xff, 0x80]],
  ] as const) {
    test(`a number ${name} is refused`, () => {
      expect(() => new HpackDecoder(10_000).decode(Buffer.from(bytes))).toThrow(/a number|an integer/);
    });
  }
});

describe("Huffman coding", () => {
  // The length of each byte's code, from RFC 7541, appendix B. Codes of one length are in the order of the bytes.
  const byLength: Readonly<Record<number, string>> = {
    5: "0 1 2 a c e i o s t",
    6: "SP % - . / 3 4 5 6 7 8 9 = A _ b d f g h l m n p r u",
    7: ": B C D E F G H I J K L M N O P Q R S T U V W Y j k q v w x y z",
    8: "& * , ; X Z",
    10: '! " ( ) ?',
    11: "' + |",
    12: "# >",
    13: "0x00 $ @ [ ] ~",
    14: "^ }",
    15: "< ` {",
  };
  const codes = new Map<number, string>();
  let next = 0;
  let length = 5;
  for (const [bits, symbols] of Object.entries(byLength)) {
    next *= 2 ** (Number(bits) - length);
    length = Number(bits);
    for (const symbol of symbols.split(" ")) {
      const byte = symbol === "SP" ? 0x20 : symbol === "0x00" ? 0 : symbol.charCodeAt(0);
      codes.set(byte, next.toString(2).padStart(length, "0"));
      next++;
    }
  }
  // Some of the long codes, as printed in the RFC.
  for (const [byte, bits] of [
    [0x5c, "1111111111111110000"],
    [0xc3, "1111111111111110001"],
    [0x80, "11111111111111100110"],
    [0x99, "111111111111111011100"],
    [0x81, "1111111111111111010010"],
    [0x01, "11111111111111111011000"],
    [0xff, "11111111111111111111101110"],
    [0x02, "1111111111111111111111100010"],
    [0x7f, "1111111111111111111111111100"],
    [0xf9, "1111111111111111111111111110"],
    [0x0a, "111111111111111111111111111100"],
    [0x0d, "111111111111111111111111111101"],
    [0x16, "111111111111111111111111111110"],
  ] as const) {
    codes.set(byte, bits);
  }

  const encode = (bytes: readonly number[], fill = "1"): Buffer => {
    const bits = bytes.map((byte) => codes.get(byte)).join("");
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, fill);
    return Buffer.from((padded.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
  };
  const decode = (bytes: Buffer) => decodeHuffman(bytes, 0, bytes.length);

  test("all bytes in the table of the RFC are decoded, alone and among others", () => {
    for (const byte of codes.keys()) {
      expect(decode(encode([byte])), `byte ${byte}`).toBe(String.fromCharCode(byte));
      expect(decode(encode([0x61, byte, 0x7a]))).toBe(`a${String.fromCharCode(byte)}z`);
    }
    expect(decode(encode([...codes.keys()]))).toBe(String.fromCharCode(...codes.keys()));
  });

  for (const [name, bytes] of [
    ["padding of zeros", encode([0x61], "0")],
    ["a byte of padding", Buffer.concat([encode([0x58]), Buffer.from([0xff])])],
    ["the end-of-string code", Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ["a code that is cut", encode([0x0a]).subarray(0, 3)],
  ] as const) {
    test(`${name} is refused`, () => expect(decode(bytes)).toBeUndefined());
  }
});

describe("the table", () => {
  const add = (name: string, value: string): Buffer => Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);

  test("keeps the newest fields that fit, the newest first", () => {
    const decoder = new HpackDecoder(2 ** 20);
    const value = "v".repeat(1_000);
    for (const name of ["a", "b", "c", "d"]) decoder.decode(add(name, value));
    const at = (index: number) => lines(decoder.decode(integer(7, 0x80, 61 + index)))[0]?.[0];
    expect([at(1), at(2), at(3)]).toEqual(["d", "c", "b"]);
    expect(() => at(4)).toThrow("an index of nothing");
  });

  test("is emptied by a field that does not fit, whose name may come from an evicted field", () => {
    const decoder = new HpackDecoder(2 ** 20);
    decoder.decode(add("name", "x"));
    const huge = Buffer.concat([integer(6, 0x40, 62), text("y".repeat(5_000))]);
    expect(lines(decoder.decode(huge))).toEqual([`name: ${"y".repeat(5_000)}`]);
    expect(() => decoder.decode(Buffer.from([0xbe]))).toThrow("an index of nothing");
  });

  test("can be made smaller and larger again at the start of a block", () => {
    const decoder = new HpackDecoder(2 ** 20);
    decoder.decode(add("a", "1"));
    decoder.decode(Buffer.concat([integer(5, 0x20, 0), integer(5, 0x20, 4_096), add("b", "2")]));
    expect(lines(decoder.decode(Buffer.from([0xbe])))).toEqual(["b: 2"]);
    expect(() => decoder.decode(Buffer.from([0xbf]))).toThrow("an index of nothing");
  });

  test("holds many small fields through many rounds", () => {
    const decoder = new HpackDecoder(2 ** 20);
    for (let at = 0; at < 10_000; at++) decoder.decode(add("n", String(at)));
    // Each field takes 32 + 1 + 4 bytes of the 4,096.
    expect(lines(decoder.decode(integer(7, 0x80, 62 + 109)))).toEqual(["n: 9890"]);
    expect(() => decoder.decode(integer(7, 0x80, 62 + 110))).toThrow("an index of nothing");
  });
});

test("a byte that refers to a field of thousands does not make a list of millions, or work for it", () => {
  const decoder = new HpackDecoder(64 * 1024);
  decoder.decode(Buffer.concat([Buffer.from([0x40]), text("bomb"), text("x".repeat(4_000))]));
  const list = decoder.decode(Buffer.alloc(60, 0xbe));
  expect(list).toMatchObject({ tooLong: true });
  expect(list.fields.length).toBe(16);
  expect(() => decoder.decode(Buffer.alloc(256 * 1024, 0xbe))).toThrow("a list of header fields is too long");
});

test("a list of the shortest fields is read up to 256 KiB", () => {
  const decoder = new HpackDecoder(64 * 1024);
  const field = Buffer.concat([Buffer.from([0]), text("a"), text("")]);
  const fieldsMax = Math.floor((256 * 1024) / 33);
  const longest = Buffer.concat(Array.from({ length: fieldsMax }, () => field));
  expect(decoder.decode(longest)).toMatchObject({ tooLong: true, malformed: false });
  expect(() => decoder.decode(Buffer.concat([longest, field]))).toThrow("a list of header fields is too long");
});

test("a name that is repeated with a few bytes is checked once", () => {
  const decoder = new HpackDecoder(64 * 1024);
  const tested = vi.spyOn(RegExp.prototype, "test");
  const lookedAt = () => tested.mock.calls.reduce((sum, [text]) => sum + text.length, 0);
  try {
    decoder.decode(Buffer.concat([Buffer.from([0x40]), text("n".repeat(4_000)), text("v")]));
    expect(lookedAt()).toBe(4_001);
    // Indexed literals and others. Each one evicts the previous field and reuses its name.
    for (let block = 0; block < 500; block++) {
      decoder.decode(Buffer.concat(Array.from({ length: 50 }, () => Buffer.from([0x7e, 1, 0x61]))));
      decoder.decode(Buffer.concat(Array.from({ length: 50 }, () => Buffer.from([0x0f, 0x2f, 1, 0x61]))));
    }
    expect(lookedAt()).toBe(4_001 + 50_000);
  } finally {
    tested.mockRestore();
  }
});

test("a list that is too long is cut, and later blocks are still decoded", () => {
  const decoder = new HpackDecoder(100);
  const fields = block([
    ["a", "b"],
    ["c", "d".repeat(50)],
  ]);
  expect(decoder.decode(Buffer.concat([fields, Buffer.from([0x40]), text("e"), text("f")]))).toMatchObject({
    fields: [{ name: "a", value: "b" }],
    tooLong: true,
  });
  expect(lines(decoder.decode(Buffer.from([0xbe])))).toEqual(["e: f"]);
});

describe("the encoder", () => {
  const type: Field = { name: "content-type", value: "application/grpc" };
  const end: Field = { name: "grpc-status", value: "0" };
  const status: Field = { name: ":status", value: "200" };

  test("writes blocks that can be decoded, in which a frequent field takes one byte from the second time on", () => {
    const encoder = new HpackEncoder([type, end]);
    const decoder = new HpackDecoder(100_000);
    const odd: Field = { name: "grpc-message", value: `%${"x".repeat(40_000)}\u00ff` };
    for (const fields of [
      [status, type],
      [end],
      [status, type, odd, end],
      [{ name: "date", value: "" }],
      [status, end],
    ]) {
      expect(decoder.decode(encoder.encode(fields)).fields).toEqual(fields);
    }
    expect(encoder.encode([status, type, end]).length).toBe(3);
  });

  for (const bytes of [0, 100, 4_095]) {
    test(`respects a table size of ${bytes} bytes from the moment the client sets it`, () => {
      for (const blocksBefore of [0, 1, 2]) {
        const encoder = new HpackEncoder([type, end]);
        const decoder = new HpackDecoder(10_000);
        for (let at = 0; at < blocksBefore; at++) decoder.decode(encoder.encode([status, type, end]));
        encoder.limit(bytes);
        const first = encoder.encode([status, type, end]);
        // The next block begins with the new size (RFC 7541, 4.2).
        expect(first[0]).toBe(0x20);
        for (const read of [first, encoder.encode([status, type, end])]) {
          expect(decoder.decode(read).fields).toEqual([status, type, end]);
        }
      }
    });
  }
});

describe("with nghttp2 as the client", () => {
  let server: Listening;
  let heard: FieldList[] = [];
  const answers: Field[][] = [];
  beforeAll(async () => {
    server = await Listening.start(
      (stream, head) => {
        heard.push(head);
        stream.end([{ name: ":status", value: "200" }, ...(answers.shift() ?? [])]);
        return undefined;
      },
      [
        { name: "x-often", value: "again" },
        { name: "x-often", value: "and again" },
      ],
    );
  });
  afterAll(() => server.stop());

  async function session(run: (session: ClientHttp2Session) => Promise<void>, headerTableSize?: number): Promise<void> {
    heard = [];
    const client = connect(server.url, headerTableSize === undefined ? {} : { settings: { headerTableSize } });
    await run(client);
    client.destroy();
  }

  async function ask(client: ClientHttp2Session, headers: Record<string, string>): Promise<IncomingHttpHeaders> {
    const request = client.request(headers);
    request.resume();
    const [head] = (await once(request, "response")) as [IncomingHttpHeaders];
    return head;
  }

  test("all bytes of values are decoded with Huffman coding, repeatedly", async () => {
    const allowed = [9, ...Array.from({ length: 224 }, (_, at) => at + 32)].filter((byte) => byte !== 127);
    await session(async (client) => {
      // Among many short codes, Huffman coding is the shortest encoding of any byte.
      const values = allowed.map((byte) => `${"a".repeat(60)}${String.fromCharCode(byte)}a`);
      for (let at = 0; at < values.length; at += 32) {
        const some = values.slice(at, at + 32);
        const headers = Object.fromEntries(some.map((value, index) => [`x-${index}`, value]));
        for (let again = 0; again < 2; again++) await ask(client, headers);
        for (const list of heard.slice(-2)) {
          expect(list.fields.filter(({ name }) => name.startsWith("x-")).map(({ value }) => value)).toEqual(some);
        }
      }
    });
  });

  for (const size of [undefined, 0, 64, 100_000]) {
    test(`our blocks are decoded with a table of ${size ?? "the default"} bytes`, async () => {
      await session(async (client) => {
        for (let round = 0; round < 5; round++) {
          answers.push([
            { name: "x-often", value: round % 2 === 0 ? "again" : "and again" },
            { name: `x-${round}`, value: "v".repeat(round * 1_000) },
          ]);
          const head = await ask(client, {});
          expect(head["x-often"]).toBe(round % 2 === 0 ? "again" : "and again");
          expect(head[`x-${round}`]).toBe("v".repeat(round * 1_000));
        }
      }, size);
    });
  }
});

describe("control characters in a value of any length are found, wherever they are", () => {
  const controls = [...Array.from({ length: 32 }, (_, code) => code).filter((code) => code !== 9), 127];
  const allowed = Array.from({ length: 256 }, (_, code) => code).filter((code) => !controls.includes(code));
  for (const length of [5, 63, 64, 65, 66, 67, 400]) {
    test(`${length} bytes`, () => {
      const isMalformed = (value: string) => new HpackDecoder(2 ** 20).decode(block([["x-value", value]])).malformed;
      const put = (code: number, at: number): string => {
        const value = Array.from({ length }, (_, each) => allowed[each % allowed.length] ?? 0);
        value[at] = code;
        return Buffer.from(value).toString("latin1");
      };
      for (const at of [0, 1, 2, 3, length - 4, length - 3, length - 2, length - 1]) {
        for (const code of controls) expect(isMalformed(put(code, at)), `${code} at ${at}`).toBe(true);
        for (const code of allowed) expect(isMalformed(put(code, at)), `${code} at ${at}`).toBe(false);
      }
    });
  }
});
