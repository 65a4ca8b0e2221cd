// Written by `npm run generate` from proto/console.proto; changes belong there.
import type { Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";
import { Permission } from "./auth.js";
import { ResponseHeader } from "./rpc.js";

/** Needs no login, so that the page knows whether to ask for one. */
export type InfoRequest = Readonly<Record<string, never>>;

const fieldsOfInfoRequest: FieldNumbers = {
  message: "etcdts.v1.InfoRequest",
  numbers: [],
};

export const InfoRequest: Codec<InfoRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    InfoRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return InfoRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfInfoRequest);
    return {};
  },
  write() {},
};

export interface InfoResponse {
  readonly header: ResponseHeader | undefined;
  /** the release of etcd as which the member answers */
  readonly version: string;
  /** whether the page offers changes: --console-writes */
  readonly writes: boolean;
  /** the separator of folders to begin with */
  readonly separator: Key;
  readonly authEnabled: boolean;
  /** the member that serves the page */
  readonly memberId: bigint;
}

const fieldsOfInfoResponse: FieldNumbers = {
  message: "etcdts.v1.InfoResponse",
  numbers: [1, 2, 3, 4, 5, 6],
};

export const InfoResponse: Codec<InfoResponse> = {
  create({
    header,
    version = "",
    writes = false,
    separator = "",
    authEnabled = false,
    memberId = 0n,
  }: Partial<InfoResponse> = {}) {
    return { header, version, writes, separator, authEnabled, memberId };
  },
  encode(message) {
    const writer = sharedWriter.start();
    InfoResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return InfoResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let version = "";
    let writes = false;
    let separator = "";
    let authEnabled = false;
    let memberId = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18:
          version = reader.string();
          break;
        case 24:
          writes = reader.bool();
          break;
        case 34:
          separator = reader.key();
          break;
        case 40:
          authEnabled = reader.bool();
          break;
        case 48:
          memberId = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfInfoResponse);
      }
    }
    return { header, version, writes, separator, authEnabled, memberId };
  },
  write(writer, message) {
    if (message.memberId !== 0n) writer.int64(48, message.memberId);
    if (message.authEnabled) writer.bool(40, message.authEnabled);
    if (message.separator !== "") writer.key(34, message.separator);
    if (message.writes) writer.bool(24, message.writes);
    if (message.version !== "") writer.string(18, message.version);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/**
 * Asks for the keys and folders directly below a prefix, in the order of their names. A user sees the keys that he may
 * read, and nothing of others.
 */
export interface TreeRequest {
  readonly prefix: Key;
  /** "/" when empty */
  readonly separator: Key;
  /** the name after which to go on; empty: from the first */
  readonly after: Key;
  /** the most nodes to return, 5000 at most; 0 means 500 */
  readonly limit: number;
  /** the revision to read; 0 or less means the newest, whose counts need no look at each key */
  readonly revision: number;
  /** no folders: every key is a node */
  readonly flat: boolean;
}

const fieldsOfTreeRequest: FieldNumbers = {
  message: "etcdts.v1.TreeRequest",
  numbers: [1, 2, 3, 4, 5, 6],
};

export const TreeRequest: Codec<TreeRequest> = {
  create({
    prefix = "",
    separator = "",
    after = "",
    limit = 0,
    revision = 0,
    flat = false,
  }: Partial<TreeRequest> = {}) {
    return { prefix, separator, after, limit, revision, flat };
  },
  encode(message) {
    const writer = sharedWriter.start();
    TreeRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return TreeRequest.read(new Reader(bytes));
  },
  read(reader) {
    let prefix = "";
    let separator = "";
    let after = "";
    let limit = 0;
    let revision = 0;
    let flat = false;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          prefix = reader.key();
          break;
        case 18:
          separator = reader.key();
          break;
        case 26:
          after = reader.key();
          break;
        case 32:
          limit = reader.int53();
          break;
        case 40:
          revision = reader.int53();
          break;
        case 48:
          flat = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfTreeRequest);
      }
    }
    return { prefix, separator, after, limit, revision, flat };
  },
  write(writer, message) {
    if (message.flat) writer.bool(48, message.flat);
    if (message.revision !== 0) writer.int53(40, message.revision);
    if (message.limit !== 0) writer.int53(32, message.limit);
    if (message.after !== "") writer.key(26, message.after);
    if (message.separator !== "") writer.key(18, message.separator);
    if (message.prefix !== "") writer.key(10, message.prefix);
  },
};

export interface TreeResponse {
  readonly header: ResponseHeader | undefined;
  readonly nodes: readonly TreeNode[];
  /** whether there are nodes after these */
  readonly more: boolean;
  /** the number of all keys below the prefix */
  readonly count: number;
}

const fieldsOfTreeResponse: FieldNumbers = {
  message: "etcdts.v1.TreeResponse",
  numbers: [1, 2, 3, 4],
};

export const TreeResponse: Codec<TreeResponse> = {
  create({
    header,
    nodes = [],
    more = false,
    count = 0,
  }: Partial<TreeResponse> = {}) {
    return { header, nodes, more, count };
  },
  encode(message) {
    const writer = sharedWriter.start();
    TreeResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return TreeResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const nodes: TreeNode[] = [];
    let more = false;
    let count = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          nodes.push(TreeNode.read(reader));
          reader.close(outer);
          break;
        }
        case 24:
          more = reader.bool();
          break;
        case 32:
          count = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfTreeResponse);
      }
    }
    return { header, nodes, more, count };
  },
  write(writer, message) {
    if (message.count !== 0) writer.int53(32, message.count);
    if (message.more) writer.bool(24, message.more);
    for (let i = message.nodes.length - 1; i >= 0; i--) {
      const item = message.nodes[i];
      if (item === undefined) continue;
      const before = writer.written();
      TreeNode.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** A key, or all keys whose names begin with the same text up to a separator. */
export interface TreeNode {
  /** the part behind the prefix; that of a folder ends with the separator */
  readonly name: Key;
  /** the prefix and the name */
  readonly key: Key;
  readonly folder: boolean;
  /** whether there is a key of exactly this name */
  readonly present: boolean;
  /** the number of keys at the name and below it */
  readonly count: number;
  /** the bytes of these keys and values as they are stored; 0 when they are not known */
  readonly bytes: number;
  /** whether `bytes` is exact, and not estimated from the first keys */
  readonly bytesExact: boolean;
  /** of the key of exactly this name; 0 without one */
  readonly modRevision: number;
  /** of the key of exactly this name */
  readonly lease: bigint;
}

const fieldsOfTreeNode: FieldNumbers = {
  message: "etcdts.v1.TreeNode",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9],
};

export const TreeNode: Codec<TreeNode> = {
  create({
    name = "",
    key = "",
    folder = false,
    present = false,
    count = 0,
    bytes = 0,
    bytesExact = false,
    modRevision = 0,
    lease = 0n,
  }: Partial<TreeNode> = {}) {
    return { name, key, folder, present, count, bytes, bytesExact, modRevision, lease };
  },
  encode(message) {
    const writer = sharedWriter.start();
    TreeNode.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return TreeNode.read(new Reader(bytes));
  },
  read(reader) {
    let name = "";
    let key = "";
    let folder = false;
    let present = false;
    let count = 0;
    let bytes = 0;
    let bytesExact = false;
    let modRevision = 0;
    let lease = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.key();
          break;
        case 18:
          key = reader.key();
          break;
        case 24:
          folder = reader.bool();
          break;
        case 32:
          present = reader.bool();
          break;
        case 40:
          count = reader.int53();
          break;
        case 48:
          bytes = reader.int53();
          break;
        case 56:
          bytesExact = reader.bool();
          break;
        case 64:
          modRevision = reader.int53();
          break;
        case 72:
          lease = reader.int64();
          break;
        default:
          reader.skip(tag, fieldsOfTreeNode);
      }
    }
    return { name, key, folder, present, count, bytes, bytesExact, modRevision, lease };
  },
  write(writer, message) {
    if (message.lease !== 0n) writer.int64(72, message.lease);
    if (message.modRevision !== 0) writer.int53(64, message.modRevision);
    if (message.bytesExact) writer.bool(56, message.bytesExact);
    if (message.bytes !== 0) writer.int53(48, message.bytes);
    if (message.count !== 0) writer.int53(40, message.count);
    if (message.present) writer.bool(32, message.present);
    if (message.folder) writer.bool(24, message.folder);
    if (message.key !== "") writer.key(18, message.key);
    if (message.name !== "") writer.key(10, message.name);
  },
};

/** Asks for the recent history of a member's rates, latencies and sizes. */
export interface StatisticsRequest {
  /** 0: the member that is asked */
  readonly memberId: bigint;
  /** how far to look back; 0 means 900, which is also all that a member keeps */
  readonly sinceSeconds: number;
}

const fieldsOfStatisticsRequest: FieldNumbers = {
  message: "etcdts.v1.StatisticsRequest",
  numbers: [1, 2],
};

export const StatisticsRequest: Codec<StatisticsRequest> = {
  create({
    memberId = 0n,
    sinceSeconds = 0,
  }: Partial<StatisticsRequest> = {}) {
    return { memberId, sinceSeconds };
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatisticsRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatisticsRequest.read(new Reader(bytes));
  },
  read(reader) {
    let memberId = 0n;
    let sinceSeconds = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          memberId = reader.uint64();
          break;
        case 16:
          sinceSeconds = reader.int53();
          break;
        default:
          reader.skip(tag, fieldsOfStatisticsRequest);
      }
    }
    return { memberId, sinceSeconds };
  },
  write(writer, message) {
    if (message.sinceSeconds !== 0) writer.int53(16, message.sinceSeconds);
    if (message.memberId !== 0n) writer.int64(8, message.memberId);
  },
};

export interface StatisticsResponse {
  readonly header: ResponseHeader | undefined;
  readonly stepSeconds: number;
  /** the time of the first value, in seconds since 1970 */
  readonly start: number;
  readonly series: readonly StatisticsSeries[];
}

const fieldsOfStatisticsResponse: FieldNumbers = {
  message: "etcdts.v1.StatisticsResponse",
  numbers: [1, 2, 3, 4],
};

export const StatisticsResponse: Codec<StatisticsResponse> = {
  create({
    header,
    stepSeconds = 0,
    start = 0,
    series = [],
  }: Partial<StatisticsResponse> = {}) {
    return { header, stepSeconds, start, series };
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatisticsResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatisticsResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let stepSeconds = 0;
    let start = 0;
    const series: StatisticsSeries[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          stepSeconds = reader.int53();
          break;
        case 24:
          start = reader.int53();
          break;
        case 34: {
          const outer = reader.open();
          series.push(StatisticsSeries.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfStatisticsResponse);
      }
    }
    return { header, stepSeconds, start, series };
  },
  write(writer, message) {
    for (let i = message.series.length - 1; i >= 0; i--) {
      const item = message.series[i];
      if (item === undefined) continue;
      const before = writer.written();
      StatisticsSeries.write(writer, item);
      writer.close(34, before);
    }
    if (message.start !== 0) writer.int53(24, message.start);
    if (message.stepSeconds !== 0) writer.int53(16, message.stepSeconds);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface StatisticsSeries {
  readonly name: string;
  readonly unit: string;
  /** one for each step, the oldest first; -1 where there is no value */
  readonly values: readonly number[];
}

const fieldsOfStatisticsSeries: FieldNumbers = {
  message: "etcdts.v1.StatisticsSeries",
  numbers: [1, 2, 3],
};

export const StatisticsSeries: Codec<StatisticsSeries> = {
  create({
    name = "",
    unit = "",
    values = [],
  }: Partial<StatisticsSeries> = {}) {
    return { name, unit, values };
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatisticsSeries.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatisticsSeries.read(new Reader(bytes));
  },
  read(reader) {
    let name = "";
    let unit = "";
    const values: number[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          unit = reader.string();
          break;
        case 25:
          reader.countPart();
          values.push(reader.double());
          break;
        case 26: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            values.push(reader.double());
          }
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfStatisticsSeries);
      }
    }
    return { name, unit, values };
  },
  write(writer, message) {
    if (message.values.length > 0) writer.packedDouble(26, message.values);
    if (message.unit !== "") writer.string(18, message.unit);
    if (message.name !== "") writer.string(10, message.name);
  },
};

export type MembersRequest = Readonly<Record<string, never>>;

const fieldsOfMembersRequest: FieldNumbers = {
  message: "etcdts.v1.MembersRequest",
  numbers: [],
};

export const MembersRequest: Codec<MembersRequest> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    MembersRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MembersRequest.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfMembersRequest);
    return {};
  },
  write() {},
};

export interface MembersResponse {
  readonly header: ResponseHeader | undefined;
  readonly members: readonly MemberFacts[];
}

const fieldsOfMembersResponse: FieldNumbers = {
  message: "etcdts.v1.MembersResponse",
  numbers: [1, 2],
};

export const MembersResponse: Codec<MembersResponse> = {
  create({
    header,
    members = [],
  }: Partial<MembersResponse> = {}) {
    return { header, members };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MembersResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MembersResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    const members: MemberFacts[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          members.push(MemberFacts.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMembersResponse);
      }
    }
    return { header, members };
  },
  write(writer, message) {
    for (let i = message.members.length - 1; i >= 0; i--) {
      const item = message.members[i];
      if (item === undefined) continue;
      const before = writer.written();
      MemberFacts.write(writer, item);
      writer.close(18, before);
    }
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

/** A member, as far as the member that is asked could find out. */
export interface MemberFacts {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
  /** whether it has answered; a member of etcd tells its version only */
  readonly reached: boolean;
  /** why it has not been reached */
  readonly error: string;
  readonly version: string;
  /** the member that it takes for the leader; 0: none */
  readonly leader: bigint;
  readonly term: number;
  /** the last entry that it knows to be committed */
  readonly raftIndex: number;
  readonly appliedIndex: number;
  /** the number of committed entries that it has not applied, or not stored where only that is known */
  readonly lag: number;
  /** bytes of its database */
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  readonly startedSecondsAgo: number;
  readonly alarms: readonly string[];
  /** "ok", or what is wrong */
  readonly health: string;
}

const fieldsOfMemberFacts: FieldNumbers = {
  message: "etcdts.v1.MemberFacts",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
};

export const MemberFacts: Codec<MemberFacts> = {
  create({
    id = 0n,
    name = "",
    peerUrls = [],
    clientUrls = [],
    isLearner = false,
    reached = false,
    error = "",
    version = "",
    leader = 0n,
    term = 0,
    raftIndex = 0,
    appliedIndex = 0,
    lag = 0,
    dbSize = 0,
    dbSizeInUse = 0,
    startedSecondsAgo = 0,
    alarms = [],
    health = "",
  }: Partial<MemberFacts> = {}) {
    return {
      id,
      name,
      peerUrls,
      clientUrls,
      isLearner,
      reached,
      error,
      version,
      leader,
      term,
      raftIndex,
      appliedIndex,
      lag,
      dbSize,
      dbSizeInUse,
      startedSecondsAgo,
      alarms,
      health,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MemberFacts.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MemberFacts.read(new Reader(bytes));
  },
  read(reader, base) {
    let id = base === undefined ? 0n : base.id;
    let name = base === undefined ? "" : base.name;
    const peerUrls: string[] = base === undefined ? [] : [...base.peerUrls];
    const clientUrls: string[] = base === undefined ? [] : [...base.clientUrls];
    let isLearner = base === undefined ? false : base.isLearner;
    let reached = base === undefined ? false : base.reached;
    let error = base === undefined ? "" : base.error;
    let version = base === undefined ? "" : base.version;
    let leader = base === undefined ? 0n : base.leader;
    let term = base === undefined ? 0 : base.term;
    let raftIndex = base === undefined ? 0 : base.raftIndex;
    let appliedIndex = base === undefined ? 0 : base.appliedIndex;
    let lag = base === undefined ? 0 : base.lag;
    let dbSize = base === undefined ? 0 : base.dbSize;
    let dbSizeInUse = base === undefined ? 0 : base.dbSizeInUse;
    let startedSecondsAgo = base === undefined ? 0 : base.startedSecondsAgo;
    const alarms: string[] = base === undefined ? [] : [...base.alarms];
    let health = base === undefined ? "" : base.health;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18:
          name = reader.string();
          break;
        case 26:
          peerUrls.push(reader.string());
          break;
        case 34:
          clientUrls.push(reader.string());
          break;
        case 40:
          isLearner = reader.bool();
          break;
        case 48:
          reached = reader.bool();
          break;
        case 58:
          error = reader.string();
          break;
        case 66:
          version = reader.string();
          break;
        case 72:
          leader = reader.uint64();
          break;
        case 80:
          term = reader.uint53();
          break;
        case 88:
          raftIndex = reader.uint53();
          break;
        case 96:
          appliedIndex = reader.uint53();
          break;
        case 104:
          lag = reader.int53();
          break;
        case 112:
          dbSize = reader.int53();
          break;
        case 120:
          dbSizeInUse = reader.int53();
          break;
        case 128:
          startedSecondsAgo = reader.int53();
          break;
        case 138:
          alarms.push(reader.string());
          break;
        case 146:
          health = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfMemberFacts);
      }
    }
    return {
      id,
      name,
      peerUrls,
      clientUrls,
      isLearner,
      reached,
      error,
      version,
      leader,
      term,
      raftIndex,
      appliedIndex,
      lag,
      dbSize,
      dbSizeInUse,
      startedSecondsAgo,
      alarms,
      health,
    };
  },
  write(writer, message) {
    if (message.health !== "") writer.string(146, message.health);
    for (let i = message.alarms.length - 1; i >= 0; i--) {
      const item = message.alarms[i];
      if (item === undefined) continue;
      writer.string(138, item);
    }
    if (message.startedSecondsAgo !== 0) writer.int53(128, message.startedSecondsAgo);
    if (message.dbSizeInUse !== 0) writer.int53(120, message.dbSizeInUse);
    if (message.dbSize !== 0) writer.int53(112, message.dbSize);
    if (message.lag !== 0) writer.int53(104, message.lag);
    if (message.appliedIndex !== 0) writer.int53(96, message.appliedIndex);
    if (message.raftIndex !== 0) writer.int53(88, message.raftIndex);
    if (message.term !== 0) writer.int53(80, message.term);
    if (message.leader !== 0n) writer.int64(72, message.leader);
    if (message.version !== "") writer.string(66, message.version);
    if (message.error !== "") writer.string(58, message.error);
    if (message.reached) writer.bool(48, message.reached);
    if (message.isLearner) writer.bool(40, message.isLearner);
    for (let i = message.clientUrls.length - 1; i >= 0; i--) {
      const item = message.clientUrls[i];
      if (item === undefined) continue;
      writer.string(34, item);
    }
    for (let i = message.peerUrls.length - 1; i >= 0; i--) {
      const item = message.peerUrls[i];
      if (item === undefined) continue;
      writer.string(26, item);
    }
    if (message.name !== "") writer.string(18, message.name);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

/** Asks what a user may do, and why. Root may ask about everybody, a user about himself. */
export interface MayRequest {
  /** empty: the caller */
  readonly user: string;
  readonly key: Key;
  readonly rangeEnd: Key;
  /** "read" or "write" */
  readonly type: string;
}

const fieldsOfMayRequest: FieldNumbers = {
  message: "etcdts.v1.MayRequest",
  numbers: [1, 2, 3, 4],
};

export const MayRequest: Codec<MayRequest> = {
  create({
    user = "",
    key = "",
    rangeEnd = "",
    type = "",
  }: Partial<MayRequest> = {}) {
    return { user, key, rangeEnd, type };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MayRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MayRequest.read(new Reader(bytes));
  },
  read(reader) {
    let user = "";
    let key = "";
    let rangeEnd = "";
    let type = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          user = reader.string();
          break;
        case 18:
          key = reader.key();
          break;
        case 26:
          rangeEnd = reader.key();
          break;
        case 34:
          type = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfMayRequest);
      }
    }
    return { user, key, rangeEnd, type };
  },
  write(writer, message) {
    if (message.type !== "") writer.string(34, message.type);
    if (message.rangeEnd !== "") writer.key(26, message.rangeEnd);
    if (message.key !== "") writer.key(18, message.key);
    if (message.user !== "") writer.string(10, message.user);
  },
};

export interface MayResponse {
  readonly header: ResponseHeader | undefined;
  readonly allowed: boolean;
  /** the permissions of the user that concern the range */
  readonly why: readonly Grant[];
  readonly reason: string;
}

const fieldsOfMayResponse: FieldNumbers = {
  message: "etcdts.v1.MayResponse",
  numbers: [1, 2, 3, 4],
};

export const MayResponse: Codec<MayResponse> = {
  create({
    header,
    allowed = false,
    why = [],
    reason = "",
  }: Partial<MayResponse> = {}) {
    return { header, allowed, why, reason };
  },
  encode(message) {
    const writer = sharedWriter.start();
    MayResponse.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return MayResponse.read(new Reader(bytes));
  },
  read(reader) {
    let header: ResponseHeader | undefined;
    let allowed = false;
    const why: Grant[] = [];
    let reason = "";
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          header = ResponseHeader.read(reader, header);
          reader.close(outer);
          break;
        }
        case 16:
          allowed = reader.bool();
          break;
        case 26: {
          const outer = reader.open();
          why.push(Grant.read(reader));
          reader.close(outer);
          break;
        }
        case 34:
          reason = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfMayResponse);
      }
    }
    return { header, allowed, why, reason };
  },
  write(writer, message) {
    if (message.reason !== "") writer.string(34, message.reason);
    for (let i = message.why.length - 1; i >= 0; i--) {
      const item = message.why[i];
      if (item === undefined) continue;
      const before = writer.written();
      Grant.write(writer, item);
      writer.close(26, before);
    }
    if (message.allowed) writer.bool(16, message.allowed);
    if (message.header !== undefined) {
      const before = writer.written();
      ResponseHeader.write(writer, message.header);
      writer.close(10, before);
    }
  },
};

export interface Grant {
  readonly role: string;
  readonly permission: Permission | undefined;
}

const fieldsOfGrant: FieldNumbers = {
  message: "etcdts.v1.Grant",
  numbers: [1, 2],
};

export const Grant: Codec<Grant> = {
  create({
    role = "",
    permission,
  }: Partial<Grant> = {}) {
    return { role, permission };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Grant.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Grant.read(new Reader(bytes));
  },
  read(reader) {
    let role = "";
    let permission: Permission | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          role = reader.string();
          break;
        case 18: {
          const outer = reader.open();
          permission = Permission.read(reader, permission);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfGrant);
      }
    }
    return { role, permission };
  },
  write(writer, message) {
    if (message.permission !== undefined) {
      const before = writer.written();
      Permission.write(writer, message.permission);
      writer.close(18, before);
    }
    if (message.role !== "") writer.string(10, message.role);
  },
};

/** The question of a member that serves the console to another, at its peer URL. */
export interface PeerQuestion {
  readonly question:
    | { readonly case: "status"; readonly value: StatusQuestion }
    | { readonly case: "statistics"; readonly value: StatisticsRequest }
    | undefined;
}

const fieldsOfPeerQuestion: FieldNumbers = {
  message: "etcdts.v1.PeerQuestion",
  numbers: [1, 2],
};

export const PeerQuestion: Codec<PeerQuestion> = {
  create({
    question,
  }: Partial<PeerQuestion> = {}) {
    return { question };
  },
  encode(message) {
    const writer = sharedWriter.start();
    PeerQuestion.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return PeerQuestion.read(new Reader(bytes));
  },
  read(reader) {
    let question: PeerQuestion["question"];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          question = { case: "status", value: StatusQuestion.read(reader) };
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          question = { case: "statistics", value: StatisticsRequest.read(reader) };
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfPeerQuestion);
      }
    }
    return { question };
  },
  write(writer, message) {
    const { question } = message;
    if (question !== undefined) {
      switch (question.case) {
        case "status": {
          const before = writer.written();
          StatusQuestion.write(writer, question.value);
          writer.close(10, before);
          break;
        }
        case "statistics": {
          const before = writer.written();
          StatisticsRequest.write(writer, question.value);
          writer.close(18, before);
          break;
        }
      }
    }
  },
};

export type StatusQuestion = Readonly<Record<string, never>>;

const fieldsOfStatusQuestion: FieldNumbers = {
  message: "etcdts.v1.StatusQuestion",
  numbers: [],
};

export const StatusQuestion: Codec<StatusQuestion> = {
  create() {
    return {};
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatusQuestion.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatusQuestion.read(new Reader(bytes));
  },
  read(reader) {
    while (reader.more()) reader.skip(reader.tag(), fieldsOfStatusQuestion);
    return {};
  },
  write() {},
};

/** The answer to the first. That to the second is a StatisticsResponse without a header. */
export interface StatusAnswer {
  readonly member: MemberFacts | undefined;
  /** of all members, when the member leads */
  readonly progress: readonly Progress[];
}

const fieldsOfStatusAnswer: FieldNumbers = {
  message: "etcdts.v1.StatusAnswer",
  numbers: [1, 2],
};

export const StatusAnswer: Codec<StatusAnswer> = {
  create({
    member,
    progress = [],
  }: Partial<StatusAnswer> = {}) {
    return { member, progress };
  },
  encode(message) {
    const writer = sharedWriter.start();
    StatusAnswer.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return StatusAnswer.read(new Reader(bytes));
  },
  read(reader) {
    let member: MemberFacts | undefined;
    const progress: Progress[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          member = MemberFacts.read(reader, member);
          reader.close(outer);
          break;
        }
        case 18: {
          const outer = reader.open();
          progress.push(Progress.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfStatusAnswer);
      }
    }
    return { member, progress };
  },
  write(writer, message) {
    for (let i = message.progress.length - 1; i >= 0; i--) {
      const item = message.progress[i];
      if (item === undefined) continue;
      const before = writer.written();
      Progress.write(writer, item);
      writer.close(18, before);
    }
    if (message.member !== undefined) {
      const before = writer.written();
      MemberFacts.write(writer, message.member);
      writer.close(10, before);
    }
  },
};

export interface Progress {
  readonly id: bigint;
  /** the last entry that the member is known to have stored */
  readonly stored: number;
}

const fieldsOfProgress: FieldNumbers = {
  message: "etcdts.v1.Progress",
  numbers: [1, 2],
};

export const Progress: Codec<Progress> = {
  create({
    id = 0n,
    stored = 0,
  }: Partial<Progress> = {}) {
    return { id, stored };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Progress.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Progress.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    let stored = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 16:
          stored = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfProgress);
      }
    }
    return { id, stored };
  },
  write(writer, message) {
    if (message.stored !== 0) writer.int53(16, message.stored);
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

/** Every method by the full name of its service, with what a transport needs to carry it. */
export const services = {
  "etcdts.v1.Console": {
    Info: {
      path: "/etcdts.v1.Console/Info",
      requestStream: false,
      responseStream: false,
      request: InfoRequest,
      response: InfoResponse,
    },
    Tree: {
      path: "/etcdts.v1.Console/Tree",
      requestStream: false,
      responseStream: false,
      request: TreeRequest,
      response: TreeResponse,
    },
    Statistics: {
      path: "/etcdts.v1.Console/Statistics",
      requestStream: false,
      responseStream: false,
      request: StatisticsRequest,
      response: StatisticsResponse,
    },
    Members: {
      path: "/etcdts.v1.Console/Members",
      requestStream: false,
      responseStream: false,
      request: MembersRequest,
      response: MembersResponse,
    },
    May: {
      path: "/etcdts.v1.Console/May",
      requestStream: false,
      responseStream: false,
      request: MayRequest,
      response: MayResponse,
    },
  },
} as const;
