import { EtcdError } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import type { EndedCall, SlowCalls } from "../services/slow-calls.js";
import type { Answer } from "./answer.js";
import type { UnaryBinding } from "./binding.js";
import type { Admission } from "./gate.js";

/** Gets the answer of a unary call, or the reason why there is none. */
export interface UnaryOutcome {
  /** @throws the reason why the answer cannot be sent, with which `close` is called then */
  answered(answer: Answer): void;
  close(error: unknown): void;
}

export interface UnaryEnvironment {
  readonly gate: Admission;
  readonly slow: SlowCalls;
}

/**
 * Handles the request of a unary call: admits it, runs its method, and logs the call if it was slow. It is an object
 * with callbacks and not an async function, which would take several hundred bytes more of each call.
 */
export class UnaryRun {
  readonly #binding: UnaryBinding;
  readonly #call: Call & EndedCall;
  readonly #environment: UnaryEnvironment;
  readonly #outcome: UnaryOutcome;
  readonly #startedAt: number;
  #requestBytes = 0;

  /** @param startedAt the time from which the call's duration is measured */
  constructor(
    binding: UnaryBinding,
    call: Call & EndedCall,
    environment: UnaryEnvironment,
    outcome: UnaryOutcome,
    startedAt: number,
  ) {
    this.#binding = binding;
    this.#call = call;
    this.#environment = environment;
    this.#outcome = outcome;
    this.#startedAt = startedAt;
  }

  begin(request: Uint8Array): void {
    this.#requestBytes = request.length;
    try {
      if (this.#call.cancelled) throw new EtcdError("canceled");
      const admitted = this.#environment.gate.admit(this.#call, this.#binding, request);
      if (admitted === undefined) this.#run(request);
      else admitted.then(() => this.#run(request)).catch((error: unknown) => this.#outcome.close(error));
    } catch (error) {
      this.#outcome.close(error);
    }
  }

  #run(request: Uint8Array): void {
    this.#binding.run(request, this.#call, this.#call).then(
      (answer) => this.#answered(answer),
      (error: unknown) => {
        this.#log(0);
        this.#outcome.close(error);
      },
    );
  }

  #answered(answer: Answer): void {
    this.#log(answer.length);
    try {
      this.#outcome.answered(answer);
    } catch (error) {
      this.#outcome.close(error);
    }
  }

  #log(responseBytes: number): void {
    const { slow } = this.#environment;
    if (!slow.isSlow(this.#startedAt)) return;
    slow.ended(this.#binding, this.#call, this.#requestBytes, responseBytes, this.#startedAt);
  }
}
