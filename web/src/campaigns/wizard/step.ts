// What each step of the wizard is given.
import type { Survey } from "../drafts";
import type { Drafting } from "./useDraft";

export interface StepProps {
  drafting: Drafting;
  survey: Survey | undefined;
  /** What is shown is of an older plan. */
  counting: boolean;
}
