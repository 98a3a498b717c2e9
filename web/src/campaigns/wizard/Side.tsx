// Beside the steps: what a launch would do by now.
import { Download } from "lucide-react";
import { Reached } from "../../bulk/Reach";
import { leftOutPath } from "../drafts";
import type { StepProps } from "./step";
import wizard from "./Wizard.module.css";
import styles from "./Side.module.css";

export function Side({ drafting, survey, counting }: StepProps) {
  return (
    <aside className={wizard.side} aria-label="What a launch would do">
      <Counted drafting={drafting} survey={survey} counting={counting} />
    </aside>
  );
}

export function Counted({ drafting, survey, counting }: StepProps) {
  return (
    <div className={styles.counted} data-counting={counting || undefined} role="status" aria-label="Reach" aria-busy={counting}>
      {!survey && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {survey && !survey.found && <p className={styles.none}>Nobody can be counted before what is wrong is mended.</p>}
      {survey?.found && (
        <Reached sums={survey.found}>
          <a href={leftOutPath(drafting.draft.id)} download>
            <Download size={14} aria-hidden="true" /> Download the list
          </a>
        </Reached>
      )}
      {survey?.found?.opt_in_required && <p className={styles.none}>Your workspace texts only people whose consent is on record.</p>}
    </div>
  );
}
