import { silentLogger, systemRandom } from "../base/index.js";
import { type Client, keyFromText, keyToBytes, type Link } from "../client/index.js";
import { Etcd, type EtcdOptions, type EtcdPlace, startAmong } from "../embed/index.js";
import type { RunningMember } from "../main/index.js";
import { AlarmAction } from "../wire/index.js";
import { Faults } from "./faults.js";
import { SeededDisk } from "./seeded-disk.js";
import { TestClock } from "./test-clock.js";

/** The data of a member that a test starts with. */
export interface Seeds {
  /** Keys and values as text. */
  readonly data?: Readonly<Record<string, string>> | undefined;
  /** A snapshot file, of `etcdctl snapshot save` or `Etcd.snapshot`. */
  readonly snapshotFile?: string | undefined;
}

/** The contents of a member. */
export interface Dump {
  readonly revision: number;
  /** All keys and values as text. */
  readonly data: Readonly<Record<string, string>>;
  /** The ids of all leases. */
  readonly leases: readonly bigint[];
  readonly users: readonly string[];
  readonly roles: readonly string[];
}

/** Every key is from this one on, and a range end of this means no end. */
const all = { key: "\0", rangeEnd: "\0" } as const;

/** A reset compacts the history when it has more revisions than this, so that it does not grow with every test. */
const keptRevisionsMax = 10_000;

/** A member for tests: it can be emptied and looked into, its clock moved, and its calls made to fail. */
export class TestEtcd extends Etcd {
  readonly clock: TestClock;
  readonly faults: Faults;
  readonly #owner: Client;
  readonly #server: RunningMember["server"];
  /** The revision of users and roles at which there were none. */
  #authRevision = 1;

  constructor(member: RunningMember, place: EtcdPlace, clock: TestClock, faults: Faults) {
    super(member, place);
    this.clock = clock;
    this.faults = faults;
    this.#owner = this.ownerClient();
    this.#server = member.server;
  }

  /**
   * Removes all keys, leases, users, roles, alarms and waiting faults. Connections and watches stay; a watch sees the
   * keys deleted. The revision goes on, so that it never means two things. From time to time the history is compacted.
   */
  async reset(): Promise<void> {
    const owner = this.#owner;
    this.faults.clear();
    const [{ leases }] = await Promise.all([owner.leases(), owner.deleteRange(all)]);
    await Promise.all(leases.map(({ id }) => owner.revokeLease(id)));
    // This member has applied the deletion, and all that came before it: its own state tells what else there is.
    if (this.#server.metrics.authRevision !== this.#authRevision) await this.#removeUsers();
    for (const { memberId, alarm } of this.#server.alarms()) {
      await owner.alarm({ action: AlarmAction.DEACTIVATE, memberId, alarm });
    }
    const { revision, compactRevision } = this.#server.metrics;
    if (revision - compactRevision > keptRevisionsMax) await owner.compact({ revision });
  }

  async #removeUsers(): Promise<void> {
    const owner = this.#owner;
    if (this.#server.usersMatter) await owner.disableAuth();
    const [{ users }, { roles }] = await Promise.all([owner.users(), owner.roles()]);
    await Promise.all([...users.map((user) => owner.deleteUser(user)), ...roles.map((role) => owner.deleteRole(role))]);
    this.#authRevision = this.#server.metrics.authRevision;
  }

  /** Everything that the member holds now, for a test that wants to know what was left behind. */
  async dump(): Promise<Dump> {
    const owner = this.#owner;
    const [{ header, kvs }, { leases }, { users }, { roles }] = await Promise.all([
      owner.range(all),
      owner.leases(),
      owner.users(),
      owner.roles(),
    ]);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
    const data = Object.fromEntries(kvs.map(({ key, value }) => [text(keyToBytes(key)), text(value)]));
    return { revision: header?.revision ?? 0, data, leases: leases.map(({ id }) => id), users, roles };
  }

  /** Ends a lease as if its time were over, and deletes its keys. Its owner is not told. */
  async loseLease(id: bigint): Promise<void> {
    await this.#owner.revokeLease(id);
  }

  /** Hands the leadership of the cluster to another member. */
  async moveLeader(target: bigint): Promise<void> {
    await this.#owner.moveLeader(target);
  }

  /** Puts keys and values, as text. */
  async seed(data: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(data).map(([key, value]) => this.#owner.put({ key: keyFromText(key), value: Buffer.from(value) })),
    );
  }

  /** The way of a cluster's clients to this member. */
  override link(): Link {
    return super.link();
  }

  /** Ends the member like a killed process. */
  override abandon(): Promise<void> {
    return super.abandon();
  }
}

/**
 * Starts a member for tests, in memory. It takes the options of the plain `startEtcd`, and data to begin with.
 *
 * @throws StartError as `startEtcd` does; Error when the snapshot file cannot be read
 */
export async function startEtcd({ data, snapshotFile, ...options }: EtcdOptions & Seeds = {}): Promise<TestEtcd> {
  const clock = new TestClock();
  const faults = new Faults(clock);
  const disk = snapshotFile === undefined ? undefined : await SeededDisk.open(snapshotFile, options);
  const around = {
    ...{ clock, random: systemRandom },
    bindings: (bindings: Parameters<Faults["around"]>[0]) => faults.around(bindings),
    ...(disk && { disk }),
  };
  const make = (member: RunningMember, place: EtcdPlace): TestEtcd => new TestEtcd(member, place, clock, faults);
  const etcd = await startAmong({ logger: silentLogger, ...options }, around, make);
  if (data !== undefined) await etcd.seed(data);
  return etcd;
}
