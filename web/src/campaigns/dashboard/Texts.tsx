// The words of a campaign as they leave by now.
import type { Plan } from "../../gen/wire";
import { letter } from "../wizard/shares";
import styles from "./DashboardPage.module.css";

export function Texts({ plan }: { plan: Plan }) {
  const several = plan.variants.length > 1;
  return (
    <div className={styles.texts}>
      {plan.variants.map(({ body, share }, n) => (
        <figure key={n}>
          {several && (
            <figcaption>
              Text {letter(n)} · {share} %
            </figcaption>
          )}
          <blockquote>{body}</blockquote>
        </figure>
      ))}
    </div>
  );
}
