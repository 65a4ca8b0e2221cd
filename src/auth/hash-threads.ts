import { Worker } from "node:worker_threads";
import { EtcdError } from "../base/index.js";

/** The most threads; one password keeps a thread busy for about a tenth of a second. */
const threadsMax = 2;
/** The most passwords that wait for a thread; further ones are refused. */
const waitingMax = 256;

/** Code of a thread. It is plain JavaScript, so it needs no compiled file; it gets the path of bcryptjs. */
const threadCode = `
const { parentPort, workerData } = require("node:worker_threads");
const bcrypt = require(workerData);
function isEqual(password, hash) {
  try {
    return bcrypt.compareSync(password, hash);
  } catch {
    return false; // it is not a hash
  }
}
parentPort.on("message", ({ password, cost, hash }) => {
  const found = hash === undefined
    ? bcrypt.hashSync(password, bcrypt.genSaltSync(cost).replace("$2b$", "$2a$"))
    : isEqual(password, hash);
  parentPort.postMessage(found);
});
`;

type Work = { readonly password: string } & ({ readonly cost: number } | { readonly hash: string });

interface Job {
  readonly work: Work;
  readonly resolve: (found: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Runs bcrypt on worker threads, which are started when first needed. */
export class HashThreads {
  readonly #bcryptPath: string;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Job>();
  #queue: Job[] = [];
  #closed = false;

  /** @param bcryptPath path of bcryptjs for `require` */
  constructor(bcryptPath: string) {
    this.#bcryptPath = bcryptPath;
  }

  /** @throws EtcdError `tooManyRequests`, `stopped` */
  async hash(password: string, cost: number): Promise<string> {
    return String(await this.#run({ password, cost }));
  }

  /**
   * Whether the hash is that of the password; false when it is not a hash. @throws EtcdError `tooManyRequests`,
   * `stopped`
   */
  async compare(password: string, hash: string): Promise<boolean> {
    return (await this.#run({ password, hash })) === true;
  }

  /** Stops the threads. Jobs that have no result yet are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const workers = [...this.#idle, ...this.#busy.keys()];
    const jobs = [...this.#queue, ...this.#busy.values()];
    this.#queue = [];
    this.#busy.clear();
    for (const { reject } of jobs) reject(new EtcdError("stopped"));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #run(work: Work): Promise<unknown> {
    if (this.#closed) return Promise.reject(new EtcdError("stopped"));
    if (this.#queue.length >= waitingMax) return Promise.reject(new EtcdError("tooManyRequests"));
    return new Promise((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    if (this.#queue.length === 0 || this.#closed) return;
    const worker = this.#idle.pop() ?? (this.#busy.size < threadsMax ? this.#start() : undefined);
    if (worker === undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#busy.set(worker, job);
    worker.postMessage(job.work);
  }

  #start(): Worker {
    const worker = new Worker(threadCode, { eval: true, workerData: this.#bcryptPath });
    // An idle thread must not keep the process running.
    worker.unref();
    worker.on("message", (found) => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      job?.resolve(found);
      this.#next();
    });
    worker.on("error", (error) => {
      const job = this.#busy.get(worker);
      this.#busy.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      job?.reject(error);
      this.#next();
    });
    return worker;
  }
}
