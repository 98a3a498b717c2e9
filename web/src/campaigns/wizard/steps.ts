// The steps of the wizard, and which of them mends what.
import type { Part, PlanFault } from "../drafts";

export const STEPS = ["details", "audience", "message", "schedule", "review"] as const;
export type Step = (typeof STEPS)[number];

export const LABELS: Readonly<Record<Step, string>> = { details: "Details", audience: "Audience", message: "Message", schedule: "Schedule", review: "Review" };

const MENDED_AT: Readonly<Record<Part, Step>> = { name: "details", audience: "audience", message: "message", numbers: "message", schedule: "schedule" };

export const isStep = (word: string): word is Step => (STEPS as readonly string[]).includes(word);

export const faultsAt = (step: Step, faults: readonly PlanFault[]): PlanFault[] => faults.filter((fault) => MENDED_AT[fault.part] === step);

/** What is wrong, by the steps that mend it, in their order; steps without faults are left out. */
export const faultsByStep = (faults: readonly PlanFault[]): { step: Step; sentences: string[] }[] =>
  STEPS.map((step) => ({ step, sentences: faultsAt(step, faults).map(({ sentence }) => sentence) })).filter(({ sentences }) => sentences.length > 0);

/** The step *by* steps away, if there is one. */
export const beside = (step: Step, by: number): Step | undefined => STEPS[STEPS.indexOf(step) + by];
