import type { Random } from "../../src/base/index.js";
import { MoveLeaderRequest } from "../../src/wire/index.js";
import type { Machine } from "./machine.js";
import type { World } from "./world.js";

/** Injects faults into a run until it is stopped. */
export class Faults {
  readonly #world: World;
  readonly #random: Random;
  #stopped = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.fork();
  }

  /** Begins to inject faults. They overlap, since a fault does not wait for the end of the previous one. */
  start(): void {
    this.#soon(() => {
      this.#disturb();
      this.start();
    }, 1_200);
  }

  /** Repairs all links, machines and disks. */
  end(): void {
    this.#stopped = true;
    const { network, machines, trace } = this.#world;
    trace.note("all is well");
    network.heal();
    for (const machine of machines) {
      machine.disk.slowMs = 3;
      machine.breakArrivals(false);
      machine.resume();
      machine.start();
    }
  }

  #disturb(): void {
    const kinds = [
      () => this.#crash([this.#anyone()]),
      () => this.#crash([this.#leader()]),
      () => this.#crash(this.#some()),
      () => this.#crash(this.#world.machines),
      () => this.#pause(this.#anyone(), 4_000),
      () => this.#pause(this.#leader(), 4_000),
      // The pause is long enough for leases to expire and for another leader.
      () => this.#pause(this.#leader(), 12_000),
      () => this.#isolate(this.#leader()),
      () => this.#isolate(this.#anyone()),
      () => this.#split(),
      () => this.#oneWay(),
      () => this.#mute(),
      () => this.#bridge(),
      () => this.#flap(),
      () => this.#worsen(),
      () => this.#slowDisk(),
      () => this.#breakArrivals(),
      () => this.#crashWhileWriting(),
      () => this.#moveLeader(),
      () => this.#heal(),
      () => this.#heal(),
    ];
    kinds[this.#random.int(kinds.length)]?.();
  }

  // ---- machines

  #crash(machines: readonly Machine[]): void {
    for (const machine of machines) {
      machine.kill();
      this.#soon(() => machine.start(), 3_000);
    }
  }

  #pause(machine: Machine, msMax: number): void {
    machine.pause();
    this.#soon(() => machine.resume(), msMax);
  }

  #slowDisk(): void {
    const { disk, name } = this.#anyone();
    disk.slowMs = 1 + this.#random.int(800);
    this.#note(`${name} writes in ${disk.slowMs} ms`);
    this.#soon(() => {
      disk.slowMs = 3;
    }, 3_000);
  }

  #breakArrivals(): void {
    const machine = this.#anyone();
    this.#note(`${machine.name} cannot write what arrives`);
    machine.breakArrivals(true);
    this.#soon(() => machine.breakArrivals(false), 3_000);
  }

  /** Crashes all machines during many writes. */
  #crashWhileWriting(): void {
    const { machines } = this.#world;
    this.#note("all disks are slow");
    for (const { disk } of machines) disk.slowMs = 20 + this.#random.int(300);
    this.#soon(() => {
      this.#crash(machines);
      for (const { disk } of machines) disk.slowMs = 3;
    }, 1_500);
  }

  #moveLeader(): void {
    const { memberId } = this.#anyone();
    if (memberId === undefined) return;
    this.#note(`${memberId.toString(16)} is to lead`);
    // The request may fail for many reasons.
    const call = { cancelled: false, signal: new AbortController().signal, metadata: () => undefined };
    this.#leader()
      .server?.maintenance.moveLeader(MoveLeaderRequest.create({ targetId: memberId }), call)
      .catch(() => undefined);
  }

  // ---- links

  #isolate(machine: Machine): void {
    this.#note(`${machine.name} is alone`);
    this.#apart([machine], this.#others([machine]));
  }

  /** Splits the machines into two sides, one of which may be empty. */
  #split(): void {
    const side = this.#world.machines.filter(() => this.#random.int(2) === 0);
    this.#note(`${namesOf(side)} on one side`);
    this.#apart(side, this.#others(side));
  }

  #oneWay(): void {
    const [from, to] = [this.#anyone(), this.#anyone()];
    this.#note(`nothing from ${from.name} to ${to.name}`);
    this.#world.network.cut(from.name, to.name);
  }

  /** Cuts one direction of all links of a machine. */
  #mute(): void {
    const machine = this.#random.int(2) === 0 ? this.#leader() : this.#anyone();
    const deaf = this.#random.int(2) === 0;
    this.#note(`${machine.name} is ${deaf ? "deaf" : "mute"}`);
    for (const other of this.#others([machine])) {
      if (deaf) this.#world.network.cut(other.name, machine.name);
      else this.#world.network.cut(machine.name, other.name);
    }
  }

  /** Splits the machines into two sides, with one machine that is connected to both. */
  #bridge(): void {
    const bridge = this.#anyone();
    const others = this.#others([bridge]);
    const side = others.slice(0, Math.ceil(others.length / 2));
    this.#note(`${bridge.name} between ${namesOf(side)} and the others`);
    this.#apart(side, this.#others([bridge, ...side]));
  }

  /** Cuts and restores a link repeatedly. */
  #flap(): void {
    const [one, other] = [this.#anyone(), this.#anyone()];
    this.#note(`${one.name}-${other.name} flaps`);
    const turn = (left: number): void => {
      if (left % 2 === 1) this.#apart([one], [other]);
      else this.#join(one, other);
      if (left > 0) this.#soon(() => turn(left - 1), 300);
    };
    turn(5 + 2 * this.#random.int(6));
  }

  #worsen(): void {
    const weather = {
      lossPerMille: [0, 20, 200, 500][this.#random.int(4)] ?? 0,
      twicePerMille: [0, 50, 300][this.#random.int(3)] ?? 0,
      delayMs: [3, 40, 150, 700][this.#random.int(4)] ?? 3,
    };
    this.#note(`the network: ${JSON.stringify(weather)}`);
    this.#world.network.weather = weather;
  }

  #heal(): void {
    this.#note("the network heals");
    this.#world.network.heal();
  }

  #apart(one: readonly Machine[], other: readonly Machine[]): void {
    for (const from of one) {
      for (const to of other) {
        this.#world.network.cut(from.name, to.name);
        this.#world.network.cut(to.name, from.name);
      }
    }
  }

  #join(one: Machine, other: Machine): void {
    this.#world.network.mend(one.name, other.name);
    this.#world.network.mend(other.name, one.name);
  }

  // ---- random choices

  #anyone(): Machine {
    const { machines } = this.#world;
    const machine = machines[this.#random.int(machines.length)];
    if (machine === undefined) throw new Error("there are machines");
    return machine;
  }

  #leader(): Machine {
    return this.#world.leader ?? this.#anyone();
  }

  #some(): Machine[] {
    return this.#world.machines.filter(() => this.#random.int(2) === 0);
  }

  #others(these: readonly Machine[]): Machine[] {
    return this.#world.machines.filter((machine) => !these.includes(machine));
  }

  #soon(run: () => void, msMax: number): void {
    this.#world.clock.after(this.#random.int(msMax), () => {
      if (!this.#stopped) run();
    });
  }

  #note(what: string): void {
    this.#world.trace.note(what);
  }
}

function namesOf(machines: readonly Machine[]): string {
  return machines.map(({ name }) => name).join(", ") || "nobody";
}
