// Written by `npm run generate` from proto/auth.proto; changes belong there.
import { emptyBytes, type Key } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export interface UserAddOptions {
  /** the user can log in only with a certificate */
  readonly noPassword: boolean;
}

const fieldsOfUserAddOptions: FieldNumbers = {
  message: "authpb.UserAddOptions",
  numbers: [1],
};

export const UserAddOptions: Codec<UserAddOptions> = {
  create({
    noPassword = false,
  }: Partial<UserAddOptions> = {}) {
    return { noPassword };
  },
  encode(message) {
    const writer = sharedWriter.start();
    UserAddOptions.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return UserAddOptions.read(new Reader(bytes));
  },
  read(reader, base) {
    let noPassword = base === undefined ? false : base.noPassword;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          noPassword = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfUserAddOptions);
      }
    }
    return { noPassword };
  },
  write(writer, message) {
    if (message.noPassword) writer.bool(8, message.noPassword);
  },
};

/** A row of the bucket of users. */
export interface User {
  readonly name: Uint8Array;
  /** bcrypt hash */
  readonly password: Uint8Array;
  readonly roles: readonly string[];
  readonly options: UserAddOptions | undefined;
}

const fieldsOfUser: FieldNumbers = {
  message: "authpb.User",
  numbers: [1, 2, 3, 4],
};

export const User: Codec<User> = {
  create({
    name = emptyBytes,
    password = emptyBytes,
    roles = [],
    options,
  }: Partial<User> = {}) {
    return { name, password, roles, options };
  },
  encode(message) {
    const writer = sharedWriter.start();
    User.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return User.read(new Reader(bytes));
  },
  read(reader) {
    let name = emptyBytes;
    let password = emptyBytes;
    const roles: string[] = [];
    let options: UserAddOptions | undefined;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        case 18:
          password = reader.bytes();
          break;
        case 26:
          roles.push(reader.string());
          break;
        case 34: {
          const outer = reader.open();
          options = UserAddOptions.read(reader, options);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfUser);
      }
    }
    return { name, password, roles, options };
  },
  write(writer, message) {
    if (message.options !== undefined) {
      const before = writer.written();
      UserAddOptions.write(writer, message.options);
      writer.close(34, before);
    }
    for (let i = message.roles.length - 1; i >= 0; i--) {
      const item = message.roles[i];
      if (item === undefined) continue;
      writer.string(26, item);
    }
    if (message.password.length > 0) writer.bytes(18, message.password);
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

/** A row of the bucket of roles. */
export interface Role {
  readonly name: Uint8Array;
  readonly keyPermission: readonly Permission[];
}

const fieldsOfRole: FieldNumbers = {
  message: "authpb.Role",
  numbers: [1, 2],
};

export const Role: Codec<Role> = {
  create({
    name = emptyBytes,
    keyPermission = [],
  }: Partial<Role> = {}) {
    return { name, keyPermission };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Role.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Role.read(new Reader(bytes));
  },
  read(reader) {
    let name = emptyBytes;
    const keyPermission: Permission[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          name = reader.bytes();
          break;
        case 18: {
          const outer = reader.open();
          keyPermission.push(Permission.read(reader));
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfRole);
      }
    }
    return { name, keyPermission };
  },
  write(writer, message) {
    for (let i = message.keyPermission.length - 1; i >= 0; i--) {
      const item = message.keyPermission[i];
      if (item === undefined) continue;
      const before = writer.written();
      Permission.write(writer, item);
      writer.close(18, before);
    }
    if (message.name.length > 0) writer.bytes(10, message.name);
  },
};

export const PermissionType = {
  READ: 0,
  WRITE: 1,
  READWRITE: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type PermissionType = number;

export interface Permission {
  readonly permType: PermissionType;
  readonly key: Key;
  /** as in a range request: empty means only the key, "\0" all keys from the key on */
  readonly rangeEnd: Key;
}

const fieldsOfPermission: FieldNumbers = {
  message: "authpb.Permission",
  numbers: [1, 2, 3],
};

export const Permission: Codec<Permission> = {
  create({
    permType = 0,
    key = "",
    rangeEnd = "",
  }: Partial<Permission> = {}) {
    return { permType, key, rangeEnd };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Permission.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Permission.read(new Reader(bytes));
  },
  read(reader, base) {
    let permType = base === undefined ? 0 : base.permType;
    let key = base === undefined ? "" : base.key;
    let rangeEnd = base === undefined ? "" : base.rangeEnd;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          permType = reader.int32();
          break;
        case 18:
          key = reader.key();
          break;
        case 26:
          rangeEnd = reader.key();
          break;
        default:
          reader.skip(tag, fieldsOfPermission);
      }
    }
    return { permType, key, rangeEnd };
  },
  write(writer, message) {
    if (message.rangeEnd !== "") writer.key(26, message.rangeEnd);
    if (message.key !== "") writer.key(18, message.key);
    if (message.permType !== 0) writer.int32(8, message.permType);
  },
};
