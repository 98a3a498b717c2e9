import { Check, TriangleAlert } from "lucide-react";
import type { May } from "./program";
import styles from "./Dialer.module.css";

/** Whether something may be done, with every reason that speaks against it or should be known. */
export function MayLine({ what, may }: { what: "Call" | "Text"; may: May }) {
  const warned = !may.allowed || may.reasons.length > 0;
  const verb = what === "Call" ? "called" : "texted";
  return (
    <div className={styles.may} data-allowed={may.allowed} data-warned={warned || undefined}>
      {warned ? <TriangleAlert size={16} aria-hidden="true" /> : <Check size={16} aria-hidden="true" />}
      <div>
        <strong>{may.allowed ? `May be ${verb}` : `Not to be ${verb}`}</strong>
        {may.reasons.map((why) => (
          <p key={why.code}>{why.sentence}</p>
        ))}
      </div>
    </div>
  );
}
