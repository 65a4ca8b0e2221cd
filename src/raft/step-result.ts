/** What became of a message: `dropped` is a proposal that nobody will take up. */
export type StepResult = "taken" | "dropped";
