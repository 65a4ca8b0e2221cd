import type { EtcdServer } from "../../server/index.js";
import { limit } from "../metrics/process-metrics.js";

export type VarsServer = Pick<EtcdServer, "raftStatus">;
type RaftStatus = Awaited<ReturnType<EtcdServer["raftStatus"]>>;

/** The variables of Go's `/debug/vars` that have a meaning in this process, as JSON. */
export async function varsText(server: VarsServer): Promise<string> {
  const variables = {
    cmdline: process.argv,
    file_descriptor_limit: limit("Max open files"),
    memstats: memory(),
    "raft.status": raft(await server.raftStatus()),
  };
  const lines = Object.entries(variables).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** Memory figures in bytes, named after the fields of Go's `runtime.MemStats` that have a counterpart. */
function memory() {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  return { Alloc: heapUsed + external, Sys: rss, HeapAlloc: heapUsed, HeapSys: heapTotal };
}

function raft({ id, term, vote, commit, lead, state, applied, progress, leadTransferee }: RaftStatus) {
  const hexadecimal = (node: bigint): string => node.toString(16);
  const views = [...progress].map(([node, view]) => [
    hexadecimal(node),
    { match: view.match, next: view.next, state: view.state },
  ]);
  return {
    id: hexadecimal(id),
    term,
    vote: hexadecimal(vote),
    commit,
    lead: hexadecimal(lead),
    raftState: state,
    applied,
    progress: Object.fromEntries(views),
    leadtransferee: hexadecimal(leadTransferee),
  };
}
