// Written by `npm run generate` from proto/membership.proto; changes belong there.
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

/** The attributes of a member that raft needs. */
export interface RaftAttributes {
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

const fieldsOfRaftAttributes: FieldNumbers = {
  message: "membershippb.RaftAttributes",
  numbers: [1, 2],
};

export const RaftAttributes: Codec<RaftAttributes> = {
  create({
    peerUrls = [],
    isLearner = false,
  }: Partial<RaftAttributes> = {}) {
    return { peerUrls, isLearner };
  },
  encode(message) {
    const writer = sharedWriter.start();
    RaftAttributes.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return RaftAttributes.read(new Reader(bytes));
  },
  read(reader, base) {
    const peerUrls: string[] = base === undefined ? [] : [...base.peerUrls];
    let isLearner = base === undefined ? false : base.isLearner;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          peerUrls.push(reader.string());
          break;
        case 16:
          isLearner = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfRaftAttributes);
      }
    }
    return { peerUrls, isLearner };
  },
  write(writer, message) {
    if (message.isLearner) writer.bool(16, message.isLearner);
    for (let i = message.peerUrls.length - 1; i >= 0; i--) {
      const item = message.peerUrls[i];
      if (item === undefined) continue;
      writer.string(10, item);
    }
  },
};

/** The attributes that a member publishes when it has started. */
export interface Attributes {
  readonly name: string;
  readonly clientUrls: readonly string[];
}

const fieldsOfAttributes: FieldNumbers = {
  message: "membershippb.Attributes",
  numbers: [1, 2],
};

export const Attributes: Codec<Attributes> = {
  create({
    name = "",
    clientUrls = [],
  }: Partial<Attributes> = {}) {
    return { name, clientUrls };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Attributes.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Attributes.read(new Reader(bytes));
  },
  read(reader, base) {
    let name = base === undefined ? "" : base.name;
    const clientUrls: string[] = base === undefined ? [] : [...base.clientUrls];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.string();
          break;
        case 18:
          clientUrls.push(reader.string());
          break;
        default:
          reader.skip(tag, fieldsOfAttributes);
      }
    }
    return { name, clientUrls };
  },
  write(writer, message) {
    for (let i = message.clientUrls.length - 1; i >= 0; i--) {
      const item = message.clientUrls[i];
      if (item === undefined) continue;
      writer.string(18, item);
    }
    if (message.name !== "") writer.string(10, message.name);
  },
};

export interface Member {
  readonly id: bigint;
  readonly raftAttributes: RaftAttributes | undefined;
  readonly memberAttributes: Attributes | undefined;
}

const fieldsOfMember: FieldNumbers = {
  message: "membershippb.Member",
  numbers: [1, 2, 3],
};

export const Member: Codec<Member> = {
  create({
    id = 0n,
    raftAttributes,
    memberAttributes,
  }: Partial<Member> = {}) {
    return { id, raftAttributes, memberAttributes };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Member.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Member.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    let raftAttributes: RaftAttributes | undefined;
    let memberAttributes: Attributes | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 18: {
          const outer = reader.open();
          raftAttributes = RaftAttributes.read(reader, raftAttributes);
          reader.close(outer);
          break;
        }
        case 26: {
          const outer = reader.open();
          memberAttributes = Attributes.read(reader, memberAttributes);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfMember);
      }
    }
    return { id, raftAttributes, memberAttributes };
  },
  write(writer, message) {
    if (message.memberAttributes !== undefined) {
      const before = writer.written();
      Attributes.write(writer, message.memberAttributes);
      writer.close(26, before);
    }
    if (message.raftAttributes !== undefined) {
      const before = writer.written();
      RaftAttributes.write(writer, message.raftAttributes);
      writer.close(18, before);
    }
    if (message.id !== 0n) writer.int64(8, message.id);
  },
};

export interface ClusterVersionSetRequest {
  readonly ver: string;
}

const fieldsOfClusterVersionSetRequest: FieldNumbers = {
  message: "membershippb.ClusterVersionSetRequest",
  numbers: [1],
};

export const ClusterVersionSetRequest: Codec<ClusterVersionSetRequest> = {
  create({
    ver = "",
  }: Partial<ClusterVersionSetRequest> = {}) {
    return { ver };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ClusterVersionSetRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ClusterVersionSetRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let ver = base === undefined ? "" : base.ver;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          ver = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfClusterVersionSetRequest);
      }
    }
    return { ver };
  },
  write(writer, message) {
    if (message.ver !== "") writer.string(10, message.ver);
  },
};

export interface ClusterMemberAttrSetRequest {
  readonly memberId: bigint;
  readonly memberAttributes: Attributes | undefined;
}

const fieldsOfClusterMemberAttrSetRequest: FieldNumbers = {
  message: "membershippb.ClusterMemberAttrSetRequest",
  numbers: [1, 2],
};

export const ClusterMemberAttrSetRequest: Codec<ClusterMemberAttrSetRequest> = {
  create({
    memberId = 0n,
    memberAttributes,
  }: Partial<ClusterMemberAttrSetRequest> = {}) {
    return { memberId, memberAttributes };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ClusterMemberAttrSetRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ClusterMemberAttrSetRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let memberId = base === undefined ? 0n : base.memberId;
    let memberAttributes = base === undefined ? undefined : base.memberAttributes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          memberId = reader.uint64();
          break;
        case 18: {
          const outer = reader.open();
          memberAttributes = Attributes.read(reader, memberAttributes);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfClusterMemberAttrSetRequest);
      }
    }
    return { memberId, memberAttributes };
  },
  write(writer, message) {
    if (message.memberAttributes !== undefined) {
      const before = writer.written();
      Attributes.write(writer, message.memberAttributes);
      writer.close(18, before);
    }
    if (message.memberId !== 0n) writer.int64(8, message.memberId);
  },
};

export interface DowngradeInfoSetRequest {
  readonly enabled: boolean;
  readonly ver: string;
}

const fieldsOfDowngradeInfoSetRequest: FieldNumbers = {
  message: "membershippb.DowngradeInfoSetRequest",
  numbers: [1, 2],
};

export const DowngradeInfoSetRequest: Codec<DowngradeInfoSetRequest> = {
  create({
    enabled = false,
    ver = "",
  }: Partial<DowngradeInfoSetRequest> = {}) {
    return { enabled, ver };
  },
  encode(message) {
    const writer = sharedWriter.start();
    DowngradeInfoSetRequest.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return DowngradeInfoSetRequest.read(new Reader(bytes));
  },
  read(reader, base) {
    let enabled = base === undefined ? false : base.enabled;
    let ver = base === undefined ? "" : base.ver;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          enabled = reader.bool();
          break;
        case 18:
          ver = reader.string();
          break;
        default:
          reader.skip(tag, fieldsOfDowngradeInfoSetRequest);
      }
    }
    return { enabled, ver };
  },
  write(writer, message) {
    if (message.ver !== "") writer.string(18, message.ver);
    if (message.enabled) writer.bool(8, message.enabled);
  },
};
