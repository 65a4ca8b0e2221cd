/** Outcome of a message; `dropped` means a proposal that no leader accepted. */
export type StepResult = "taken" | "dropped";
