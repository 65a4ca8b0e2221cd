import { type ErrorKind, EtcdError, type Random } from "../../src/base/index.js";
import type { Call, EtcdServer } from "../../src/server/index.js";
import {
  MemberAddRequest,
  MemberListRequest,
  MemberPromoteRequest,
  MemberRemoveRequest,
} from "../../src/wire/index.js";
import type { Machine } from "./machine.js";
import type { World } from "./world.js";

/** The maximum number of members. */
const membersMax = 5;

/** The errors that are refusals. After other errors the outcome of the request is unknown. */
const refusals: ReadonlySet<ErrorKind> = new Set([
  ...(["unhealthy", "memberNotEnoughStarted", "memberNotFound", "tooManyLearners", "learnerNotReady"] as const),
]);

interface Listed {
  readonly id: bigint;
  readonly peerUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Adds and removes members while the cluster runs, one after the other. It waits for the outcome of each change. */
export class Operator {
  readonly #world: World;
  readonly #random: Random;
  #stopped = false;
  changes = 0;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.fork();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Makes changes. Resolves when the operator was stopped and exactly the current members run. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#wait(1_000 + this.#random.int(3_000));
      const members = await this.#list();
      const learner = members.find(({ isLearner }) => isLearner);
      if (learner !== undefined && this.#random.int(3) > 0) await this.#promote(learner);
      else if (learner === undefined && members.length < membersMax) await this.#add();
      else if (members.length > 3) await this.#remove(members);
    }
  }

  /** Adds a new machine as a learner, which is promoted later. */
  async #add(): Promise<void> {
    const machine = this.#world.newMachine();
    this.#world.trace.note(`${machine.name} is to be added`);
    const request = MemberAddRequest.create({ peerUrls: [machine.peerUrl], isLearner: true });
    if ((await this.#try((server, call) => server.members.add(request, call))) === "refused") return;
    // A request without an answer can be carried out much later.
    for (let tries = 0; ; tries++) {
      const members = await this.#list();
      if (members.some(({ peerUrls }) => peerUrls.includes(machine.peerUrl))) {
        this.changes++;
        this.#world.machines.push(machine);
        machine.join();
        return;
      }
      if (tries === 30) return;
      await this.#wait(500);
    }
  }

  async #promote({ id }: Listed): Promise<void> {
    this.#world.trace.note(`${id.toString(16)} is to be promoted`);
    await this.#try((server, call) => server.members.promote(MemberPromoteRequest.create({ id }), call));
  }

  async #remove(members: readonly Listed[]): Promise<void> {
    const victim = members[this.#random.int(members.length)];
    const machine = this.#world.machines.find(({ peerUrl }) => victim?.peerUrls.includes(peerUrl));
    if (victim === undefined || machine === undefined) return;
    this.#world.trace.note(`${machine.name} is to be removed`);
    machine.leaving = true;
    const request = MemberRemoveRequest.create({ id: victim.id });
    const refused = (await this.#try((server, call) => server.members.remove(request, call))) === "refused";
    for (let tries = 0; !refused && tries < 30; tries++) {
      if (!(await this.#list()).some(({ id }) => id === victim.id)) {
        this.changes++;
        this.#world.retire(machine);
        return;
      }
      await this.#wait(500);
    }
    machine.leaving = false;
  }

  /** The member list of a linearizable read. Retries until there is an answer. */
  async #list(): Promise<readonly Listed[]> {
    const request = MemberListRequest.create({ linearizable: true });
    for (;;) {
      const answer = await this.#try((server, call) => server.members.list(request, call));
      if (typeof answer === "object") return answer.members;
      await this.#wait(200);
    }
  }

  #try<Answer>(ask: (server: EtcdServer, call: Call) => Promise<Answer>): Promise<Answer | "refused" | "unknown"> {
    const { clock, machines } = this.#world;
    const machine: Machine | undefined = machines[this.#random.int(machines.length)];
    const process = machine?.process;
    const server = process?.server;
    if (server === undefined || process === undefined) return Promise.resolve("refused");
    return new Promise((resolve) => {
      const gone = new AbortController();
      const call = { cancelled: false, signal: gone.signal, metadata: () => undefined };
      const end = (answer: Answer | "refused" | "unknown"): void => {
        timer.cancel();
        resolve(answer);
      };
      const timer = clock.after(9_000, () => end("unknown"));
      process.clock.after(1, () => {
        ask(server, call).then(end, (error: unknown) => {
          this.#world.trace.note(`the operator is told: ${error}`);
          const refused = error instanceof EtcdError && refusals.has(error.kind);
          end(refused ? "refused" : "unknown");
        });
      });
    });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(ms, resolve));
  }
}
