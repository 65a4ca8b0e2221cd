/**
 * Communication between members over HTTP, in etcd's protocol: raft messages over long-lived streams and single posts,
 * snapshots, probes, and requests about members, versions, leases and hashes. The transport delivers what it can and
 * reports what it could not deliver; it stores nothing, decides nothing, and never makes its caller wait.
 */
export {
  type KeptParts,
  type OutgoingSnapshot,
  type PeerTakes,
  type RaftSink,
  type SnapshotForm,
  type SnapshotPart,
  type SnapshotSink,
  type TransportConfig,
  wholeFile,
} from "./config.js";
export { type CountersByPeer, PeerCounters } from "./counters.js";
export { type DialerConfig, PeerError } from "./dialer.js";
export type { LeaseTimeToLive } from "./lease-answers.js";
export { decodeMessage, encodeMessage } from "./message-codec.js";
export { HttpPeerClient, type PeerClient, type PeerMembers, type PeerVersions } from "./peer-client.js";
export {
  type PeerAnswers,
  type PeerHandler,
  type PeerService,
  peerEndpoints,
  type RevisionHash,
} from "./peer-endpoints.js";
export { answerPeers, RemotePeerService } from "./remote-peer-service.js";
export { Transport } from "./transport.js";
