import type { ProgressView, StateType, Status } from "../../raft/index.js";
import type { MessageReader, MessageWriter } from "../../threads/index.js";
import { list, read, write } from "./port-fields.js";

/** Writes the status of a raft node as fields of a message. */
export function writeStatus(message: MessageWriter, status: Status): void {
  message.id(status.id).number(status.term).id(status.vote).number(status.commit).id(status.lead);
  message.latin1(status.state).number(status.applied).id(status.leadTransferee);
  write.confState(message, status.config);
  message.number(status.progress.size);
  for (const [id, view] of status.progress) {
    message.id(id).number(view.match).number(view.next).latin1(view.state);
    message.flag(view.isLearner).flag(view.recentActive).flag(view.paused).flag(view.inflightFull);
    message
      .number(view.pendingSnapshot)
      .number(view.inflight)
      .flag(view.applied !== undefined);
    message.number(view.applied ?? 0);
  }
}

export function readStatus(message: MessageReader): Status {
  const basic = {
    id: message.id(),
    term: message.number(),
    vote: message.id(),
    commit: message.number(),
    lead: message.id(),
    state: message.latin1() as StateType,
    applied: message.number(),
    leadTransferee: message.id(),
  };
  const config = read.confState(message);
  const progress = list(message, () => [message.id(), readProgress(message)] as const);
  return { ...basic, config, progress: new Map(progress) };
}

function readProgress(message: MessageReader): ProgressView {
  const match = message.number();
  const next = message.number();
  const state = message.latin1() as ProgressView["state"];
  const isLearner = message.flag();
  const recentActive = message.flag();
  const paused = message.flag();
  const inflightFull = message.flag();
  const pendingSnapshot = message.number();
  const inflight = message.number();
  const known = message.flag();
  const applied = message.number();
  return {
    ...{ match, next, state, isLearner, recentActive, paused, inflightFull, pendingSnapshot, inflight },
    applied: known ? applied : undefined,
  };
}
