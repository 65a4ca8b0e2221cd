import fc from "fast-check";
import { expect, test } from "vitest";
import {
  Compare,
  KeyValue,
  loadJsonForms,
  RangeResponse,
  ResponseHeader,
  ResponseOp,
  TxnResponse,
} from "../../src/wire/index.js";

// Tests that a message whose bytes arrive in parts has the same JSON as in one piece.

const forms = await loadJsonForms();

function inParts(type: string, bytes: Uint8Array, cuts: readonly number[]): string {
  const printer = forms.printer(type, bytes.length);
  let text = "";
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    text += printer.print(bytes.subarray(from, cut));
    from = cut;
  }
  return text + printer.end();
}

/** The offsets of the ends of all fields, in a message with varints and length-delimited fields only. */
function fieldEnds(bytes: Uint8Array): number[] {
  const ends: number[] = [];
  const varint = (at: number): readonly [value: number, end: number] => {
    let value = 0;
    for (let end = at, shift = 1; ; end++, shift *= 0x80) {
      const byte = bytes[end] ?? 0;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return [value, end + 1];
    }
  };
  for (let at = 0; at < bytes.length; ) {
    const [tag, after] = varint(at);
    const [value, end] = varint(after);
    at = tag % 8 === 2 ? end + value : end;
    ends.push(at);
  }
  return ends;
}

const pair = fc
  .record({ key: fc.string({ maxLength: 8 }), value: fc.uint8Array({ maxLength: 200 }), version: fc.nat() })
  .map(({ key, value, version }) => KeyValue.create({ key, value, version, createRevision: 3, modRevision: 4 }));
const ranges = fc
  .record({ kvs: fc.array(pair, { maxLength: 20 }), more: fc.boolean(), count: fc.nat(), revision: fc.nat() })
  .map(({ kvs, more, count, revision }) =>
    RangeResponse.create({ header: ResponseHeader.create({ revision, memberId: 7n }), kvs, more, count }),
  );

test("a range that is cut between any two fields", () => {
  fc.assert(
    fc.property(ranges, fc.infiniteStream(fc.boolean()), (range, cutting) => {
      const bytes = RangeResponse.encode(range);
      const cuts = fieldEnds(bytes).filter(() => cutting.next().value);
      const type = "etcdserverpb.RangeResponse";
      expect(inParts(type, bytes, cuts)).toBe(forms.print(type, bytes));
    }),
  );
});

test("a transaction whose ranges begin in one part and continue in others", () => {
  fc.assert(
    fc.property(fc.array(ranges, { maxLength: 4 }), fc.infiniteStream(fc.boolean()), (all, cutting) => {
      const header = ResponseHeader.create({ revision: 9 });
      const responses = all.map((value) => ResponseOp.create({ response: { case: "responseRange", value } }));
      const bytes = TxnResponse.encode(TxnResponse.create({ header, succeeded: true, responses }));
      const cuts: number[] = [];
      let from = 0;
      for (const [at, end] of fieldEnds(bytes).entries()) {
        cuts.push(from);
        const range = all[at - 2];
        // The cuts are after the tags and lengths of the operation and its range, and between the range's fields.
        if (range !== undefined) {
          const encoded = RangeResponse.encode(range);
          const start = end - encoded.length;
          cuts.push(
            ...[start, ...fieldEnds(encoded).map((inside) => start + inside)].filter(() => cutting.next().value),
          );
        }
        from = end;
      }
      const type = "etcdserverpb.TxnResponse";
      const sorted = [...new Set(cuts)].sort((left, right) => left - right);
      expect(inParts(type, bytes, sorted)).toBe(forms.print(type, bytes));
    }),
  );
});

test("parts that do not make up the message are an error", () => {
  const bytes = RangeResponse.encode(RangeResponse.create({ count: 300 }));
  const printer = (length: number) => forms.printer("etcdserverpb.RangeResponse", length);
  expect(() => printer(bytes.length - 1).print(Buffer.concat([bytes, bytes]))).toThrow("longer than announced");
  const short = printer(bytes.length + 1);
  short.print(bytes);
  expect(() => short.end()).toThrow("shorter than announced");
  expect(() => printer(10).print(bytes.subarray(0, 1))).toThrow("ends within a value");
  expect(() => printer(99).print(Compare.encode(Compare.create({ rangeEnd: "x".repeat(9) })))).toThrow("does not have");
});
