import { type Headers, type KvService, LongRange, LongTxn } from "../../server/index.js";
import { services } from "../../wire/index.js";
import { type Binding, type CallLog, logged, streaming, unary } from "../grpc/binding.js";
import { txnBound } from "../grpc/decoded-requests.js";
import { deleteRangeAnswer, txnAnswer } from "../grpc/held-answers.js";
import { rangeInParts, txnInParts } from "./long-answers.js";
import { sendRange } from "./range-stream.js";

export interface KvServer {
  readonly kv: Pick<KvService, "answerRange" | "streamRange" | "put" | "deleteRange" | "answerTxn" | "compact">;
  readonly headers: Pick<Headers, "at">;
}

/** The methods of etcdserverpb.KV. A long answer is read while it is sent. */
export function kvBindings(server: KvServer, maxTxnOps: number): readonly Binding[] {
  const { Range, RangeStream, Put, DeleteRange, Txn, Compact } = services["etcdserverpb.KV"];
  return [
    {
      ...logged(
        Range,
        (request, call) => server.kv.answerRange(request, call),
        none,
        (_, answer, log) => {
          count(log, answer.count);
          if (answer instanceof LongRange) return rangeInParts(answer, server.headers.at(answer.revision));
          return Range.response.encode(answer);
        },
      ),
      reads: true,
    },
    streaming(RangeStream, (stream) => sendRange(server, stream)),
    logged(
      Put,
      (request, call) => server.kv.put(request, call),
      () => 1,
      (_, answer) => Put.response.encode(answer),
    ),
    logged(
      DeleteRange,
      (request, call) => server.kv.deleteRange(request, call),
      none,
      (_, answer, log) => {
        count(log, answer.deleted);
        return deleteRangeAnswer(answer);
      },
    ),
    logged(
      Txn,
      (request, call) => server.kv.answerTxn(request, call),
      ({ success }) => success.length,
      ({ failure }, answer, log) => {
        if (log !== undefined && !answer.succeeded) log.requestCount = failure.length;
        if (answer instanceof LongTxn) return txnInParts(answer, server.headers.at(answer.revision));
        return txnAnswer(answer);
      },
      txnBound(maxTxnOps),
    ),
    unary(Compact, (request, call) => server.kv.compact(request, call)),
  ];
}

const none = (): number => 0;

function count(log: CallLog | undefined, answered: number): void {
  if (log !== undefined) log.responseCount = answered;
}
